// Log-ins that somebody else vouches for, with a real OpenID Connect provider: oidc/provider.mjs says what it is.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { Browser } from "./oidc/browser.mjs";

// The build for browsers: the one for Node refuses to read what a log-in in the browser comes back with.
const Realm = createRequire(import.meta.url)("realm-web/dist/bundle.dom.cjs.js");

const APP = "shop-abcde";
const HERE = "http://localhost:3000/done";
const APP_CLIENT = { client_id: "client-of-shop", client_secret: "secret-of-shop-known-to-the-provider" };
const COMPANY_CLIENT = { client_id: "company-portal", client_secret: "secret-of-the-company-portal-itself" };
const { IDMUX_OIDC_URL, OIDC_URL } = process.env;
assert.ok(IDMUX_OIDC_URL && OIDC_URL, "start this through tests/interop/run");

const newApp = () => new Realm.App({ id: APP, baseUrl: IDMUX_OIDC_URL });
const anonymous = () => Realm.Credentials.anonymous(false);
const providersOf = (user) => user.identities.map((identity) => identity.providerType);
let counter = 0;
/** Somebody who never logged in before. */
const somebody = () => `person-${process.pid}-${++counter}`;

/** A code for `who`, as a client gets it that runs the provider's own flow. */
async function codeFor(who, { client_id }, { redirect = HERE, challenge } = {}) {
    const page = new URL("/auth", OIDC_URL);
    const query = { client_id, redirect_uri: redirect, response_type: "code", scope: "openid profile email", state: "x" };
    Object.entries(query).forEach(([key, value]) => page.searchParams.set(key, value));
    if (challenge) {
        page.searchParams.set("code_challenge", challenge);
        page.searchParams.set("code_challenge_method", "S256");
    }
    const { end } = await new Browser().visit(page, redirect, who);
    return end.searchParams.get("code") ?? assert.fail(`no code: ${end}`);
}

/** The tokens for `who`, as that client gets them. */
async function tokensFor(who, client) {
    const code = await codeFor(who, client);
    const body = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: HERE, ...client });
    const answer = await fetch(new URL("/token", OIDC_URL), { method: "POST", body });
    const tokens = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(tokens));
    return tokens;
}

const refused = (statusCode, errorCode, error) => (thrown) => {
    assert.equal(thrown.constructor.name, "MongoDBRealmError", String(thrown));
    assert.equal(thrown.statusCode, statusCode);
    assert.equal(thrown.errorCode, errorCode);
    assert.match(thrown.error, error);
    return true;
};
const unauthorized = refused(401, "AuthError", /^unauthorized$/);

/** `token` with other claims under the same signature. */
function altered(token, change) {
    const [header, claims, signature] = token.split(".");
    const changed = { ...JSON.parse(Buffer.from(claims, "base64url")), ...change };
    return [header, Buffer.from(JSON.stringify(changed)).toString("base64url"), signature].join(".");
}

describe("custom JWTs by the provider's key set", () => {
    test("log their subject in, with the configured fields, again and again", async () => {
        const who = somebody();
        const { id_token } = await tokensFor(who, COMPANY_CLIENT);
        const user = await newApp().logIn(Realm.Credentials.jwt(id_token));
        assert.equal(user.providerType, "custom-token");
        assert.deepEqual(user.identities.map(({ id }) => id), [who]);
        assert.deepEqual({ ...user.profile }, { email: `${who}@example.com`, firstName: who });
        const later = await tokensFor(who, COMPANY_CLIENT);
        assert.equal((await newApp().logIn(Realm.Credentials.jwt(later.id_token))).id, user.id);
    });

    test("that were altered, or are for another audience, do not count", async () => {
        const { id_token } = await tokensFor(somebody(), COMPANY_CLIENT);
        const forged = Realm.Credentials.jwt(altered(id_token, { sub: "ada" }));
        await assert.rejects(newApp().logIn(forged), unauthorized);
        const other = await tokensFor(somebody(), APP_CLIENT);
        await assert.rejects(newApp().logIn(Realm.Credentials.jwt(other.id_token)), unauthorized);
    });
});

describe("tokens of identity providers", () => {
    test("Google's code becomes a user with a profile", async () => {
        const code = await codeFor("ada", APP_CLIENT);
        const user = await newApp().logIn(Realm.Credentials.google({ authCode: code }));
        assert.deepEqual(providersOf(user), ["oauth2-google"]);
        assert.deepEqual({ ...user.profile }, { email: "ada@example.com", firstName: "Ada" });
        await assert.rejects(
            newApp().logIn(Realm.Credentials.google({ authCode: code })),
            refused(401, "AuthError", /^error exchanging access code with OAuth2 provider$/),
        );
    });

    test("a code may be for any port of this machine, and with PKCE, where a client says so", async () => {
        const redirect = "http://localhost:49152/done";
        const verifier = randomBytes(32).toString("base64url");
        const challenge = createHash("sha256").update(verifier).digest("base64url");
        const who = somebody();
        const login = async (code_verifier) => {
            const authCode = await codeFor(who, APP_CLIENT, { redirect, challenge });
            const payload = { authCode, redirect_uri: redirect, code_verifier };
            return newApp().logIn(new Realm.Credentials("oauth2-google", "oauth2-google", false, payload));
        };
        assert.equal((await login(verifier)).profile.firstName, who);
        await assert.rejects(login("another verifier, just as long as one must be"), refused(401, "AuthError", /exchanging/));
    });

    test("Google's id_token is of the wrong kind without openId", async () => {
        const { id_token } = await tokensFor(somebody(), APP_CLIENT);
        await assert.rejects(
            newApp().logIn(Realm.Credentials.google({ idToken: id_token })),
            refused(401, "AuthError", /^error exchanging access code with OAuth2 provider$/),
        );
    });

    test("Apple's id_token logs in, one for another client or altered does not", async () => {
        const who = somebody();
        const { id_token } = await tokensFor(who, APP_CLIENT);
        const user = await newApp().logIn(Realm.Credentials.apple(id_token));
        assert.deepEqual(providersOf(user), ["oauth2-apple"]);
        assert.deepEqual({ ...user.profile }, {});
        const other = await tokensFor(who, COMPANY_CLIENT);
        await assert.rejects(newApp().logIn(Realm.Credentials.apple(other.id_token)), unauthorized);
        await assert.rejects(newApp().logIn(Realm.Credentials.apple(altered(id_token, { sub: "ada" }))), unauthorized);
    });

    test("Facebook's access token logs in, one for another app does not", async () => {
        const { access_token } = await tokensFor("ada", APP_CLIENT);
        const user = await newApp().logIn(Realm.Credentials.facebook(access_token));
        assert.deepEqual(user.identities.map(({ id }) => id), ["ada"]);
        assert.deepEqual({ ...user.profile }, { name: "Ada Lovelace", pictureUrl: "https://example.com/ada.png" });
        const other = await tokensFor("ada", COMPANY_CLIENT);
        await assert.rejects(newApp().logIn(Realm.Credentials.facebook(other.access_token)), unauthorized);
        await assert.rejects(newApp().logIn(Realm.Credentials.facebook("guessed")), unauthorized);
    });
});

/** The facts after the `#` of an address. */
const factsOf = ({ hash }) => Object.fromEntries(hash.slice(1).split("&").map((pair) => pair.split("=").map(decodeURIComponent)));

/**
 * Does `work`, whose window opens in a browser in which `who` logs in; the page at its end does what realm-web says.
 * @returns What became of the work, the way of the browser, and the facts that the page found.
 */
async function inBrowser(who, work) {
    let visit;
    globalThis.open = (url) => {
        const window = { closed: false, close: () => (window.closed = true) };
        visit = new Browser().visit(url, HERE, who);
        visit.then(({ end }) => Realm.handleAuthRedirect(end)).catch(() => window.close());
        return window;
    };
    const [{ value, reason }] = await Promise.allSettled([work()]);
    delete globalThis.open;
    const { way, end } = await visit;
    return { value, reason, way, facts: factsOf(end) };
}

/** The same, where it has to succeed. */
async function done(who, work) {
    const { value, reason, way } = await inBrowser(who, work);
    assert.equal(reason, undefined);
    return { value, way };
}

const redirecting = {
    "oauth2-google": () => Realm.Credentials.google({ redirectUrl: HERE }),
    "oauth2-facebook": () => Realm.Credentials.facebook(HERE),
    "oauth2-apple": () => Realm.Credentials.apple(HERE),
};

describe("log-ins in the browser", () => {
    for (const [provider, credentials] of Object.entries(redirecting)) {
        test(`${provider} brings a user back, and the same one the next time`, async () => {
            const who = somebody();
            const { value: user, way } = await done(who, () => newApp().logIn(credentials()));
            assert.equal(user.providerType, provider);
            assert.deepEqual(user.identities.map(({ id }) => id), [who]);
            assert.match(user.deviceId, /^[0-9a-f]{24}$/);
            await user.refreshAccessToken();
            await user.refreshProfile();
            const seen = way.filter((url) => url.href.includes(user.accessToken));
            assert.deepEqual(seen, [], "no address on the way has the token in it");
            const { value: again } = await done(who, () => newApp().logIn(credentials()));
            assert.equal(again.id, user.id);
        });

        test(`${provider} is linked to a user who is logged in`, async () => {
            const who = somebody();
            const user = await newApp().logIn(anonymous());
            await done(who, () => user.linkCredentials(credentials()));
            assert.deepEqual(providersOf(user), ["anon-user", provider]);
            const { value: back } = await done(who, () => newApp().logIn(credentials()));
            assert.equal(back.id, user.id);
        });
    }

    test("that somebody refuses end on the page, with the reason", async () => {
        const { reason, facts } = await inBrowser("mallory", () => newApp().logIn(redirecting["oauth2-google"]()));
        // All that realm-web says of any failure; the page itself finds the reason.
        assert.match(reason.message, /Failed to decode 'authInfo'/);
        assert.equal(facts._baas_error, "access_denied: mallory said no");
        assert.equal(facts._baas_client_app_id, APP);
        assert.equal(facts._baas_ua, undefined);
    });

    test("of an identity that somebody else has link nothing", async () => {
        const who = somebody();
        await done(who, () => newApp().logIn(redirecting["oauth2-apple"]()));
        const user = await newApp().logIn(anonymous());
        const { reason, facts } = await inBrowser(who, () => user.linkCredentials(redirecting["oauth2-apple"]()));
        assert.match(reason.message, /Failed to decode 'authInfo'/);
        assert.equal(facts._baas_error, "a user already exists with the specified provider");
        await user.refreshProfile();
        assert.deepEqual(providersOf(user), ["anon-user"]);
    });

    test("do not end on a page that the App has not listed", async () => {
        const { accessToken } = await newApp().logIn(anonymous());
        const path = `/api/client/v2.0/app/${APP}/auth/providers/oauth2-google/login`;
        const query = "?state=x&redirect=https%3A%2F%2Fevil.example.com%2F&link=true&providerRedirectHeader=true";
        const answer = await fetch(`${IDMUX_OIDC_URL}${path}${query}`, { headers: { Authorization: `Bearer ${accessToken}` } });
        assert.equal(answer.status, 400);
        assert.equal((await answer.json()).error_code, "InvalidRedirectURI");
    });
});

test("every provider can be linked to the user of every other", async () => {
    const credentialsOf = {
        "custom-token": async (who) => Realm.Credentials.jwt((await tokensFor(who, COMPANY_CLIENT)).id_token),
        "oauth2-google": async (who) => Realm.Credentials.google({ authCode: await codeFor(who, APP_CLIENT) }),
        "oauth2-facebook": async (who) => Realm.Credentials.facebook((await tokensFor(who, APP_CLIENT)).access_token),
        "oauth2-apple": async (who) => Realm.Credentials.apple((await tokensFor(who, APP_CLIENT)).id_token),
    };
    for (const [first, logIn] of Object.entries(credentialsOf)) {
        for (const [second, link] of Object.entries(credentialsOf)) {
            const [own, added] = [somebody(), somebody()];
            const user = await newApp().logIn(await logIn(own));
            await user.linkCredentials(await link(added));
            assert.deepEqual(providersOf(user), [first, second]);
            assert.deepEqual(user.identities.map(({ id }) => id), [own, added]);
            assert.equal((await newApp().logIn(await link(added))).id, user.id);
        }
    }
});
