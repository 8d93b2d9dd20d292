import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { found, parseXml, tag, xmlText } from './xml.ts';

const writable = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(`'/><disk type='block'><source dev='/dev/sda'/></disk><x a='`, ']]>', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/shadow">]>', '&b;', '<!--', '<?xml?>', '\u0000', '\ud800', '\ufffe', '"><script>', '&#0;'),
);

test('no text becomes anything but text in a definition: it comes back as it was, or is refused', () => {
  fc.assert(fc.property(hostile, hostile, (attribute, text) => {
    const write = () => xmlText(tag('domain', {}, tag('name', { value: attribute }, text), tag('after')));
    if (!writable.test(attribute + text) || !(attribute + text).isWellFormed()) return void assert.throws(write, TypeError);
    const read = parseXml(write());
    assert.deepEqual([...read.childNodes].map((node) => node.nodeName), ['name', 'after']);
    const name = found(read, 'name')[0]!;
    assert.equal(name.getAttribute('value'), attribute);
    assert.equal(name.textContent!.replaceAll('\r\n', '\n').replaceAll('\r', '\n'), text.replaceAll('\r\n', '\n').replaceAll('\r', '\n'));
    assert.equal(name.attributes.length, 1);
    assert.ok([...name.childNodes].every((node) => node.nodeType === 3));
  }), { numRuns: 500 });
});

test('what libvirt writes is read without entities of its own', () => {
  assert.throws(() => parseXml('<domain><name>a</domain>'));
  assert.equal(found(parseXml('<a><b><c x="1"/></b><b><c x="2"/></b></a>'), 'b', 'c').map((c) => c.getAttribute('x')).join(), '1,2');
});
