/** The fake driver's console in a browser: the log as it grows. All in one file; it loads nothing else. */
export const consolePage = (): string => page;

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Console (fake driver) - Novaless</title>
<style>
  :root { color-scheme: light dark; }
  body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; display: flex; flex-direction: column; min-height: 100vh; }
  header, main { padding: 0 1rem; }
  h1 { font-size: 1.25rem; margin: 1rem 0 .25rem; }
  p { margin: .25rem 0; max-width: 60rem; }
  main { flex: 1; display: flex; flex-direction: column; padding-bottom: 1rem; }
  pre { flex: 1; margin: .5rem 0 0; padding: 1rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
        font: .875rem/1.4 ui-monospace, monospace; background: #111; color: #eee; border: 1px solid #777; min-height: 12rem; }
  pre:focus-visible { outline: 3px solid #48f; outline-offset: 2px; }
</style>
</head>
<body>
<header>
  <h1>Console of a server on the fake driver</h1>
  <p>Nothing boots here, so there is no screen: this page shows the server's console log as it grows.</p>
  <p role="status" id="status">Connecting …</p>
</header>
<main>
  <pre id="log" tabindex="0" role="log" aria-label="Console log"></pre>
</main>
<script>
  const status = document.getElementById('status');
  const log = document.getElementById('log');
  const path = new URLSearchParams(location.search).get('path') ?? '';
  const base = location.pathname.slice(0, location.pathname.lastIndexOf('/') + 1);
  const socket = new WebSocket((location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + base + path.replace(/^\\//, ''), ['binary']);
  let opened = false;
  socket.onopen = () => { opened = true; status.textContent = 'Connected.'; };
  socket.onmessage = ({ data }) => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    log.append(data);
    if (atEnd) log.scrollTop = log.scrollHeight;
  };
  socket.onclose = ({ reason }) => {
    status.textContent = opened
      ? 'Disconnected' + (reason ? ': ' + reason + '.' : '.') + ' For a new connection ask for a new address (openstack console url show).'
      : 'The console refused the connection. Its address works once, for a minute: ask for a new one (openstack console url show).';
  };
</script>
</body>
</html>
`;
