/** The page around noVNC, in a browser. The websocket's address is relative to the page, from its query's `path`, as of Nova's own page. */
import RFB from './core/rfb.js';

const status = document.getElementById('status');
const screen = document.getElementById('screen');
const ctrlAltDel = document.getElementById('ctrl-alt-del');
const fullscreen = document.getElementById('fullscreen');

const path = new URLSearchParams(location.search).get('path') ?? '';
const folder = location.pathname.slice(0, location.pathname.lastIndexOf('/') + 1);
const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${folder}${path.replace(/^\//, '')}`;

const rfb = new RFB(screen, address, { wsProtocols: ['binary'] });
rfb.scaleViewport = true;
rfb.focusOnClick = true;

const anew = 'For a new connection ask for a new address (openstack console url show).';
let name = 'the server';
let connected = false;
let trouble = '';
rfb.addEventListener('desktopname', ({ detail }) => {
  name = detail.name;
  document.title = `${name} - Novaless`;
  if (connected) status.textContent = `Connected to ${name}.`;
});
rfb.addEventListener('connect', () => {
  connected = true;
  status.textContent = `Connected to ${name}.`;
  ctrlAltDel.disabled = false;
  rfb.focus();
});
rfb.addEventListener('securityfailure', ({ detail }) => { trouble = ` The server said: ${detail.reason ?? detail.status}.`; });
rfb.addEventListener('disconnect', () => {
  ctrlAltDel.disabled = true;
  status.textContent = connected
    ? `Disconnected.${trouble} ${anew}`
    : `The console refused the connection.${trouble} Its address works once, for a minute: ask for a new one (openstack console url show).`;
});

ctrlAltDel.addEventListener('click', () => {
  rfb.sendCtrlAltDel();
  rfb.focus();
});
fullscreen.addEventListener('click', () => screen.requestFullscreen().then(() => rfb.focus(), () => {}));
