// A real OpenID Connect provider for the tests, and the App folder of a local App that trusts it.
//
//     node provider.mjs FOLDER
//
// writes the App into FOLDER and says `listening on URL`. People log in by `login_hint` and consent to everything, except
// `mallory`, who refuses. Facebook is no OpenID Connect provider: a stand-in for the few Graph API calls that matter asks
// this same provider about the token.

import { createHmac, generateKeyPairSync } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import Provider from "oidc-provider";

const folder = process.argv[2];
const APP_CLIENT = { client_id: "client-of-shop", client_secret: "secret-of-shop-known-to-the-provider" };
/** What signs people in at the company that the custom JWTs come from. */
const COMPANY_CLIENT = { client_id: "company-portal", client_secret: "secret-of-the-company-portal-itself" };
/** Where clients of the test take their codes, and where log-ins in the browser end. */
const HERE = "http://localhost:3000/done";
const CALLBACK = "/api/client/v2.0/auth/callback";

const people = {
    ada: { name: "Ada Lovelace", given_name: "Ada", family_name: "Lovelace", email: "ada@example.com", email_verified: true, picture: "https://example.com/ada.png" },
};
const person = (id) => people[id] ?? { name: id, given_name: id, family_name: id, email: `${id}@example.com`, email_verified: true };

const jwk = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), use: "sig", alg });
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

/** A client on this machine may come back to any port (RFC 8252, section 7.3), which the local App chooses afresh. */
const client = (credentials) => ({
    ...credentials,
    application_type: "native",
    token_endpoint_auth_method: "client_secret_post",
    redirect_uris: [HERE, `http://127.0.0.1${CALLBACK}`],
});
const provider = new Provider(issuer, {
    clients: [client(APP_CLIENT), { ...client(COMPANY_CLIENT), id_token_signed_response_alg: "ES256" }],
    jwks: { keys: [jwk("rsa", { modulusLength: 2048 }, "RS256"), jwk("ec", { namedCurve: "P-256" }, "ES256")] },
    cookies: { keys: ["only for tests"] },
    claims: { profile: ["name", "given_name", "family_name", "picture"], email: ["email", "email_verified"] },
    // ID tokens have the claims in them, as Google's have.
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...person(id) }) }),
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => false },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    loadExistingGrant: async (ctx) => {
        const { client: { clientId }, session: { accountId } } = ctx.oidc;
        const grant = new provider.Grant({ clientId, accountId });
        grant.addOIDCScope("openid profile email");
        await grant.save();
        return grant;
    },
});

/** The log-in page, which nobody has to look at. */
async function interact(request, response) {
    const { params, prompt } = await provider.interactionDetails(request, response);
    const accountId = params.login_hint ?? "ada";
    const answers = { login: { login: { accountId } }, consent: { consent: {} } };
    const result = accountId === "mallory"
        ? { error: "access_denied", error_description: "mallory said no" }
        : answers[prompt.name];
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const reply = (response, status, body, headers = {}) => {
    response.writeHead(status, { "Content-Type": "text/javascript; charset=UTF-8", ...headers });
    response.end(JSON.stringify(body));
};
const graphError = (response, message) => reply(response, 400, { error: { message, type: "OAuthException", code: 190 } });

/** What stands in for Facebook. */
const graph = {
    "/graph/dialog/oauth": ({ searchParams }, _, response) => {
        searchParams.set("scope", "openid profile email");
        reply(response, 302, {}, { Location: `/auth?${searchParams}` });
    },
    "/graph/oauth/access_token": (_, request, response) => {
        request.url = "/token";
        provider.callback()(request, response);
    },
    "/graph/debug_token": async ({ searchParams }, _, response) => {
        const { client_id, client_secret } = APP_CLIENT;
        if (searchParams.get("access_token") !== `${client_id}|${client_secret}`) {
            return graphError(response, "Invalid OAuth access token signature.");
        }
        const token = await provider.AccessToken.find(searchParams.get("input_token"));
        const data = token
            ? { is_valid: true, app_id: token.clientId, user_id: token.accountId, expires_at: token.exp }
            : { is_valid: false };
        reply(response, 200, { data });
    },
    "/graph/me": async ({ searchParams }, _, response) => {
        const token = searchParams.get("access_token");
        const proof = createHmac("sha256", APP_CLIENT.client_secret).update(token).digest("hex");
        if (searchParams.get("appsecret_proof") !== proof) {
            return graphError(response, "Invalid appsecret_proof provided in the API argument");
        }
        const answer = await fetch(`${issuer}/me`, { headers: { Authorization: `Bearer ${token}` } });
        if (!answer.ok) {
            return graphError(response, "Error validating access token");
        }
        const { sub, name, email, picture } = await answer.json();
        const facts = { id: sub, name, email, picture: { data: { url: picture } } };
        const asked = searchParams.get("fields").split(",");
        reply(response, 200, Object.fromEntries(asked.map((field) => [field, facts[field]])));
    },
};

const callback = provider.callback();
server.on("request", (request, response) => {
    const url = new URL(request.url, issuer);
    const handler = graph[url.pathname];
    const work = handler
        ? handler(url, request, response)
        : url.pathname.startsWith("/interaction/") ? interact(request, response) : callback(request, response);
    Promise.resolve(work).catch((error) => {
        console.error(error);
        response.writeHead(500).end();
    });
});

/** The App, as it would have been exported. */
async function writeApp() {
    const write = async (path, content) => {
        await mkdir(join(folder, path, ".."), { recursive: true });
        await writeFile(join(folder, path), JSON.stringify(content, null, 2));
    };
    const oauth2 = (type, rest) => ({
        name: type,
        type,
        disabled: false,
        secret_config: { clientSecret: "provider_secret" },
        redirect_uris: [HERE],
        ...rest,
        config: { clientId: APP_CLIENT.client_id, ...rest.config },
    });
    await write("root_config.json", { config_version: 20210101, name: "shop", app_id: "shop-abcde" });
    await write("secrets.json", { provider_secret: APP_CLIENT.client_secret });
    await write("idmux.json", {
        issuers: { "oauth2-google": issuer, "oauth2-apple": issuer, "oauth2-facebook": `${issuer}/graph` },
    });
    await write("auth/providers.json", {
        "anon-user": { name: "anon-user", type: "anon-user", disabled: false },
        "custom-token": {
            name: "custom-token",
            type: "custom-token",
            disabled: false,
            config: {
                audience: COMPANY_CLIENT.client_id,
                requireAnyAudience: false,
                signingAlgorithm: "ES256",
                useJWKURI: true,
                jwkURI: `${issuer}/jwks`,
            },
            metadata_fields: [
                { required: true, name: "email" },
                { required: false, name: "given_name", field_name: "first_name" },
            ],
        },
        "oauth2-google": oauth2("oauth2-google", {
            metadata_fields: [{ name: "email", required: true }, { name: "first_name", required: false }],
            domain_restrictions: ["example.com"],
        }),
        "oauth2-facebook": oauth2("oauth2-facebook", {
            metadata_fields: [{ name: "name", required: true }, { name: "picture", required: false }],
        }),
        "oauth2-apple": oauth2("oauth2-apple", {}),
    });
}

await writeApp();
console.log(`listening on ${issuer}`);
