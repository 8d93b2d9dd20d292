import { DOMImplementation, DOMParser, XMLSerializer, type Document, type Element } from '@xmldom/xmldom';

/** An element to be written: its name, its attributes (undefined: not there), and what it holds. */
export interface Tag { name: string; attributes: Record<string, string | number | undefined>; children: (Tag | string | number)[] }

type Child = Tag | string | number | undefined | false | Child[];

/** Names with a prefix get their namespace by an `xmlns:prefix` attribute on the way up, as a reader would expect. */
export const tag = (name: string, attributes: Tag['attributes'] = {}, ...children: Child[]): Tag => ({
  name, attributes, children: (children.flat(Infinity as 1) as Exclude<Child, Child[]>[]).filter((child) => child !== undefined && child !== false),
});

/** All that XML 1.0 has no way to write. */
const UNWRITABLE = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** The text of an element with all that it holds, whatever its values are. Throws where a character can't stand in XML at all. */
export function xmlText(root: Tag): string {
  const document = new DOMImplementation().createDocument(null, '');
  document.appendChild(element(document, root));
  return new XMLSerializer().serializeToString(document, { requireWellFormed: true });
}

function element(document: Document, { name, attributes, children }: Tag, scope: Record<string, string> = {}): Element {
  const inner = { ...scope };
  for (const [key, value] of Object.entries(attributes)) if (key.startsWith('xmlns:')) inner[key.slice(6)] = String(value);
  const prefix = name.includes(':') ? name.split(':')[0]! : undefined;
  const made = prefix === undefined ? document.createElement(name) : document.createElementNS(inner[prefix] ?? null, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (key.startsWith('xmlns:')) made.setAttributeNS('http://www.w3.org/2000/xmlns/', key, writable(value));
    else made.setAttribute(key, writable(value));
  }
  for (const child of children) made.appendChild(typeof child === 'object' ? element(document, child, inner) : document.createTextNode(writable(child)));
  return made;
}

function writable(value: string | number): string {
  const text = String(value);
  if (!text.isWellFormed() || UNWRITABLE.test(text)) throw new TypeError('a character that XML cannot hold');
  return text;
}

/** What libvirt wrote. */
export function parseXml(text: string): Element {
  const document = new DOMParser({ onError: (level, message) => { if (level !== 'warning') throw new Error(`XML of libvirt: ${message}`); } }).parseFromString(text, 'text/xml');
  return document.documentElement!;
}

/** The elements at `path` (child names, in order) below one, in its order. */
export function found(from: Element, ...path: string[]): Element[] {
  return path.reduce<Element[]>((level, name) => level.flatMap((each) => [...each.childNodes].filter((node): node is Element => node.nodeType === 1 && node.nodeName === name)), [from]);
}
