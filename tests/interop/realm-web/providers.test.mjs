// Credentials of realm-web whose proof comes from elsewhere: a JWT of another issuer, and the App's own function.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import { APP, anonymous, fresh, hs256, newApp, refused, registered } from "./support.mjs";

const SECRET = "0123456789-abcdefghijklmnopqrstuvwxyz";
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const claimsOf = (sub, more = {}) => ({ sub, aud: APP, exp: inAnHour(), email: `${sub}@example.com`, ...more });
const withJwt = (claims, secret = SECRET, header) => newApp().logIn(Realm.Credentials.jwt(hs256(claims, secret, header)));

describe("a custom JWT", () => {
    test("logs its subject in, every time the same user", async () => {
        const sub = fresh("subject");
        const first = await withJwt(claimsOf(sub, { profile: { "full.name": "Ada L." } }));
        assert.equal(first.providerType, "custom-token");
        assert.deepEqual(first.identities.map(({ id, providerType }) => [id, providerType]), [[sub, "custom-token"]]);
        assert.deepEqual({ ...first.profile }, { email: `${sub}@example.com`, name: "Ada L." });
        const second = await withJwt(claimsOf(sub, { email: "new@example.com" }));
        assert.equal(second.id, first.id);
        assert.equal(second.profile.email, "new@example.com");
    });

    test("may name several audiences", async () => {
        const sub = fresh("subject");
        assert.ok((await withJwt(claimsOf(sub, { aud: ["elsewhere", APP] }))).isLoggedIn);
    });

    for (const [what, claims, secret, header] of [
        ["of another audience", { aud: "elsewhere" }],
        ["that has expired", { exp: inAnHour() - 7200 }],
        ["without an end", { exp: undefined }],
        ["of nobody", { sub: undefined }],
        ["that lacks a required field", { email: undefined }],
        ["of somebody who does not know the secret", {}, "another secret that is long enough"],
        ["that says it needs no signature", {}, SECRET, { alg: "none" }],
    ]) {
        test(`${what} does not count`, async () => {
            const failed = withJwt({ ...claimsOf(fresh("subject")), ...claims }, secret, header);
            await assert.rejects(failed, refused(401, "AuthError", /./));
        });
    }

    test("that is none does not count", async () => {
        for (const token of ["", "a.b.c", "no token"]) {
            await assert.rejects(newApp().logIn(Realm.Credentials.jwt(token)), (error) => [400, 401].includes(error.statusCode));
        }
    });

    test("is linked to somebody, and leads to them from then on", async () => {
        const sub = fresh("subject");
        const user = await newApp().logIn(anonymous());
        await user.linkCredentials(Realm.Credentials.jwt(hs256(claimsOf(sub), SECRET)));
        assert.deepEqual(user.identities.map((identity) => identity.providerType), ["anon-user", "custom-token"]);
        assert.equal((await withJwt(claimsOf(sub))).id, user.id);
    });

    test("of somebody else is not linked, and nothing goes round in circles", async () => {
        const sub = fresh("subject");
        await withJwt(claimsOf(sub));
        const { user } = await registered(newApp());
        await assert.rejects(
            user.linkCredentials(Realm.Credentials.jwt(hs256(claimsOf(sub), SECRET))),
            refused(401, "AuthError", /a user already exists with the specified provider/),
        );
        assert.equal(user.state, "active");
    });
});

describe("a custom function", () => {
    const withFunction = (payload) => newApp().logIn(Realm.Credentials.function(payload));
    const password = "open sesame";

    test("says who somebody is", async () => {
        const username = fresh("baba");
        const first = await withFunction({ username, password });
        assert.equal(first.providerType, "custom-function");
        assert.deepEqual(first.identities.map(({ id }) => id), [username]);
        assert.deepEqual({ ...first.profile }, {});
        assert.equal((await withFunction({ username, password })).id, first.id);
    });

    test("may give a name", async () => {
        const username = fresh("baba");
        assert.equal((await withFunction({ username, password, named: true })).profile.name, `Captain ${username}`);
    });

    test("that throws keeps somebody out, and says why", async () => {
        await assert.rejects(withFunction({ username: "kasim", password: "?" }), refused(401, "AuthError", /nobody opens for kasim/));
    });

    test("that returns no id keeps somebody out", async () => {
        await assert.rejects(withFunction({ password }), refused(401, "AuthError", /./));
    });

    test("is linked to somebody", async () => {
        const { user } = await registered(newApp());
        const username = fresh("baba");
        await user.linkCredentials(Realm.Credentials.function({ username, password }));
        assert.deepEqual(user.identities.map((identity) => identity.providerType), ["local-userpass", "custom-function"]);
        assert.equal((await withFunction({ username, password })).id, user.id);
    });
});

test("a provider that is switched off is named", async () => {
    await assert.rejects(newApp().logIn(Realm.Credentials.google({ idToken: "a.b.c" })), refused(401, "AuthError", /oauth2-google.*disabled/));
});
