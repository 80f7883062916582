// An OpenID provider for the integration tests. Its one argument is JSON: `clients`, and
// `resources` from resource indicator to {"scope", "format": "jwt" or "opaque"}. When it is ready
// it writes {"issuer"} to the standard output, and it ends with its standard input.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";

const { clients, resources } = JSON.parse(process.argv[2]);

process.stdin.on("end", () => process.exit()).resume();
// The provider recommends what matters in production alone, and Node 22 as it is loaded; real
// errors are written below.
console.info = () => {};
console.warn = () => {};
const { default: Provider } = await import("oidc-provider");

const groups = ["jira-users"];
const signingKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

const configuration = {
  clients,
  jwks: { keys: [{ ...signingKey.export({ format: "jwk" }), kid: "signing", use: "sig" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  pkce: { required: () => true },
  scopes: ["openid", "atlassian/read", "atlassian/write"],
  claims: {
    openid: ["sub"],
    profile: ["preferred_username"],
    email: ["email", "email_verified"],
    groups: ["groups"],
  },
  // Id tokens carry the claims of their scopes also where userinfo would give them.
  conformIdTokenClaims: false,
  // Whoever logs in is an account of that name.
  findAccount: (_, accountId) => ({
    accountId,
    claims: () => ({
      sub: accountId,
      preferred_username: accountId,
      email: `${accountId}@example.com`,
      email_verified: true,
      groups,
    }),
  }),
  // Tokens for userinfo get none of these, so that userinfo alone can tell them.
  extraTokenClaims: (_, { accountId, aud }) =>
    accountId && aud ? { preferred_username: accountId, groups } : undefined,
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: {
      enabled: true,
      // It takes a client's secret in the header and in the body alike; here the place must be
      // the registered one.
      allowedPolicy: (ctx, client) =>
        client.clientId.startsWith("resource-server") &&
        (client.clientAuthMethod === "client_secret_basic") === (ctx.get("authorization") !== ""),
    },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, indicator) => ({
        audience: indicator,
        scope: resources[indicator].scope,
        accessTokenFormat: resources[indicator].format,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
};

// The issuer holds the port, which is known only once the server listens.
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on("server_error", (_, error) => console.error(error));
  server.on("request", provider.callback());
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
});
