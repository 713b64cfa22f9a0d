// An OpenID Connect provider for tests, on loopback: one client, the users of settings.json, a `groups` claim, consent without asking.
// Runs in a folder with settings.json ({port, client: {id, secret, redirect_uris}, users: [{name, password, email, groups}]}); port 0 takes
// a free one. Writes the port to ready-PID when it takes requests. crates/testkit/src/services/oidc.rs starts it.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const { port, client, users } = JSON.parse(readFileSync('settings.json', 'utf8'));

// Keys live as long as the folder: a provider that was restarted still signs with those its clients know.
if (!existsSync('keys.json')) {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...await exportJWK(privateKey), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') };
  writeFileSync('keys.json', JSON.stringify({ keys: [key], cookies: [randomBytes(32).toString('hex')] }));
}
const { keys, cookies } = JSON.parse(readFileSync('keys.json', 'utf8'));

const server = createServer();
await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const minutes = 60;
const provider = new Provider(issuer, {
  clients: [{
    client_id: client.id,
    client_secret: client.secret,
    redirect_uris: client.redirect_uris,
    // Native, because then the port of a redirect to loopback is not compared: tests listen on free ones.
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  jwks: { keys },
  cookies: { keys: cookies },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email', 'email_verified'],
    groups: ['groups'],
  },
  scopes: ['openid', 'offline_access'],
  // Claims stand in the ID token also where the userinfo endpoint would give them.
  conformIdTokenClaims: false,
  ttl: {
    AccessToken: 10 * minutes,
    AuthorizationCode: minutes,
    Grant: 60 * minutes,
    IdToken: 10 * minutes,
    Interaction: 10 * minutes,
    RefreshToken: 60 * minutes,
    Session: 60 * minutes,
  },
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    introspection: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  findAccount(_context, id) {
    const user = users.find((u) => u.name === id);
    return user && {
      accountId: id,
      claims: () => ({
        sub: id, name: id, preferred_username: id, email: user.email, email_verified: true, groups: user.groups,
      }),
    };
  },
  // Whoever signed in has agreed to all that the client asks for.
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid offline_access profile email groups');
    await grant.save();
    return grant;
  },
});

function page(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`<!doctype html><title>Sign in</title><p>${text}</p>
<form method="post"><input name="username" autocomplete="off"><input name="password" type="password"><button>Sign in</button></form>`);
}

async function body(request) {
  let text = '';
  for await (const piece of request) {
    text += piece;
    if (text.length > 10_000) throw new Error('a form of this size is none of ours');
  }
  return new URLSearchParams(text);
}

async function interaction(request, response) {
  const { prompt } = await provider.interactionDetails(request, response); // throws where there is none
  // A native client's user is asked whatever was granted before (RFC 8252, section 8.6); here the answer is always yes.
  if (prompt.name === 'consent') return provider.interactionFinished(request, response, { consent: {} });
  if (request.method !== 'POST') return page(response, 200, 'Who are you?');
  const form = await body(request);
  const user = users.find((u) => u.name === form.get('username'));
  if (!user || user.password !== form.get('password')) return page(response, 401, 'Wrong name or password.');
  return provider.interactionFinished(request, response, { login: { accountId: user.name } });
}

const protocol = provider.callback();
server.on('request', (request, response) => {
  if (!request.url.startsWith('/interaction/')) return protocol(request, response);
  return interaction(request, response).catch((error) => page(response, 400, `${error.name}: ${error.message}`.replaceAll('<', '&lt;')));
});
provider.on('server_error', (_context, error) => console.error(error));
process.on('SIGTERM', () => process.exit(0));

writeFileSync('ready.new', `${server.address().port}\n`);
renameSync('ready.new', `ready-${process.pid}`);
