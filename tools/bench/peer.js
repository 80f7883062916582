// The same job with aws-jwt-verify: settings from SSM, keys from the issuer, an IAM policy.
const http = require("node:http");
const { SSMClient, GetParametersByPathCommand } = require("@aws-sdk/client-ssm");
const { JwtVerifier } = require("aws-jwt-verify");
const { SimpleJwksCache } = require("aws-jwt-verify/jwk");

// Its own fetcher takes https alone.
const fetcher = {
  fetch: (uri) =>
    new Promise((resolve, reject) => {
      http
        .get(uri, (response) => {
          const chunks = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("end", () => resolve(Buffer.concat(chunks)));
        })
        .on("error", reject);
    }),
};

async function load() {
  const prefix = process.env.AUTHORIZER_SETTINGS.slice("ssm:".length);
  const page = await new SSMClient({}).send(
    new GetParametersByPathCommand({ Path: prefix, Recursive: true, WithDecryption: true }),
  );
  const name = `${prefix}/providers/idp`;
  const provider = JSON.parse(page.Parameters.find((one) => one.Name === name).Value);
  const jwksCache = new SimpleJwksCache({ fetcher });
  return JwtVerifier.create(
    {
      issuer: provider.issuer,
      jwksUri: provider.jwks_uri,
      audience: null,
      customJwtCheck: ({ payload }) => {
        if (!provider.client_ids.includes(payload.client_id)) throw new Error("audience");
      },
    },
    { jwksCache },
  );
}

const verifier = load();

exports.handler = async (event) => {
  let claims;
  try {
    claims = await (await verifier).verify(event.headers.Authorization.slice("Bearer ".length));
  } catch {
    throw "Unauthorized";
  }
  const [api, stage] = event.methodArn.split("/");
  return {
    principalId: claims.sub,
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        { Action: "execute-api:Invoke", Effect: "Allow", Resource: `${api}/${stage}/*` },
      ],
    },
    context: { username: claims.username },
  };
};
