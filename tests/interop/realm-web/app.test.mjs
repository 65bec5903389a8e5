// App and User of realm-web: what is left of their methods.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import { PASSWORD, URL_OF_SHOP, anonymous, claims, control, environment, fresh, newApp, newStorage, refused, registered } from "./support.mjs";

describe("an App", () => {
    test("is found by its id, and says where it is", async () => {
        const app = newApp();
        assert.equal(app.id, "shop-abcde");
        assert.equal(await app.locationUrl, URL_OF_SHOP);
        assert.equal(Realm.getApp("shop-abcde"), Realm.App.getApp("shop-abcde"));
    });

    test("may be asked without asking where it is", async () => {
        const app = newApp(URL_OF_SHOP, { skipLocationRequest: true });
        assert.ok((await app.logIn(anonymous())).isLoggedIn);
    });

    test("takes the name and version of an application", async () => {
        const app = newApp(URL_OF_SHOP, { app: { name: "My App", version: "1.2.3" } });
        const user = await app.logIn(anonymous());
        assert.match(user.deviceId, /^[0-9a-f]{24}$/);
    });

    test("has nobody until somebody logs in", () => {
        const app = newApp();
        assert.equal(app.currentUser, null);
        assert.deepEqual(app.allUsers, {});
    });

    test("does not switch to somebody who never logged in here", async () => {
        const user = await newApp().logIn(anonymous());
        assert.throws(() => newApp().switchUser(user), /The user was never logged into this app/);
    });

    test("does not switch to somebody who was removed", async () => {
        const app = newApp();
        const user = await app.logIn(anonymous());
        await app.removeUser(user);
        assert.throws(() => app.switchUser(user), /never logged into this app/);
    });

    test("may log in without reading the profile", async () => {
        const user = await newApp().logIn(anonymous(), false);
        assert.throws(() => user.profile, /A profile was never fetched for this user/);
        await user.refreshProfile();
        assert.deepEqual({ ...user.profile }, {});
    });

    test("sends the token of whoever is current when somebody is deleted", async () => {
        // Known of realm-web 2.0.1: it is the current user's account that ends, and the other who is removed here.
        const app = newApp();
        const { user: other, email: kept } = await registered(app);
        const { user: current } = await registered(app);
        await app.deleteUser(other);
        assert.equal(other.state, "removed");
        await assert.rejects(current.refreshAccessToken(), refused(401, "InvalidSession", /failed to find refresh token/));
        assert.equal((await newApp().logIn(Realm.Credentials.emailPassword(kept, PASSWORD))).id, other.id);
    });
});

describe("a user", () => {
    test("has tokens of the documented claims", async () => {
        const { user } = await registered(newApp());
        const [access, refresh] = [claims(user.accessToken), claims(user.refreshToken)];
        assert.equal(access.typ, "access");
        assert.equal(refresh.typ, "refresh");
        assert.equal(access.sub, user.id);
        assert.equal(access.exp - access.iat, 1800);
        assert.equal(refresh.exp - refresh.iat, 60 * 24 * 3600);
        assert.equal(access.iss, refresh.baas_id);
        for (const [name, twin] of [["baas_device_id", "stitch_devId"], ["baas_domain_id", "stitch_domainId"]]) {
            assert.equal(access[name], access[twin]);
            assert.equal(refresh[name], refresh[twin]);
        }
        assert.deepEqual(refresh.baas_identity, refresh.stitch_ident);
        assert.equal(refresh.baas_identity.provider_type, "local-userpass");
    });

    test("is told apart in JSON", async () => {
        const { user } = await registered(newApp());
        const json = JSON.parse(JSON.stringify(user));
        assert.equal(json.id, user.id);
        assert.equal(json.state, "active");
    });

    test("logs out twice without harm", async () => {
        const user = await newApp().logIn(anonymous());
        await user.logOut();
        await user.logOut();
        assert.equal(user.state, "logged-out");
        assert.equal(user.isLoggedIn, false);
    });

    test("that is logged out cannot read its profile", async () => {
        const user = await newApp().logIn(anonymous());
        await user.logOut();
        await assert.rejects(user.refreshProfile(), (error) => error.statusCode === 401 || /access token/i.test(error.message));
    });

    test("cannot listen, which realm-web does not have", async () => {
        const user = await newApp().logIn(anonymous());
        assert.throws(() => user.addListener(() => {}), /Not yet implemented/);
    });

    test("has no push messages, which realm-web does not have", async () => {
        const user = await newApp().logIn(anonymous());
        assert.throws(() => user.push("gcm"), /Not yet implemented/);
    });
});

describe("the App's clock", () => {
    const CLOCKED = environment("IDMUX_CLOCKED");
    const app = (storage = newStorage()) => newApp(CLOCKED, { storage });
    const move = (how) => control(CLOCKED, "PUT", "/clock", how);

    test("moved by sixty days ends a session, and moved by an hour renews its token", async () => {
        await move({ reset: true });
        const { user, email } = await registered(app(), `${fresh()}@example.com`);
        const before = user.accessToken;
        await move({ advance: "1h" });
        await user.refreshProfile();
        assert.notEqual(user.accessToken, before);
        assert.ok(claims(user.accessToken).iat >= claims(before).iat + 3600);
        await move({ advance: "60d" });
        await assert.rejects(user.refreshProfile(), refused(401, "InvalidSession", /refresh token expired/));
        assert.equal(user.state, "logged-out");
        const again = await app().logIn(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.equal(again.id, user.id);
        await move({ reset: true });
    });

    test("moved by ninety-one days removes whoever stayed anonymous", async () => {
        const user = await app().logIn(anonymous());
        await move({ advance: "91d" });
        await assert.rejects(user.refreshAccessToken(), refused(401, "InvalidSession", /./));
        await move({ reset: true });
    });
});
