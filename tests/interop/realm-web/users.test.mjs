// Users and their sessions, as an application has them with realm-web.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import {
    APP, PASSWORD, URL_OF_SHOP, anonymous, claims, customData, environment, freshEmail, newApp, newStorage, refused,
    registered, untilExpired,
} from "./support.mjs";

const SHORT_ACCESS = environment("IDMUX_SHORT_ACCESS");
const SHORT_REFRESH = environment("IDMUX_SHORT_REFRESH");

describe("anonymous users", () => {
    test("log in, and have one identity and no data", async () => {
        const user = await newApp().logIn(Realm.Credentials.anonymous());
        assert.match(user.id, /^[0-9a-f]{24}$/);
        assert.equal(user.state, "active");
        assert.ok(user.isLoggedIn);
        assert.equal(user.providerType, "anon-user");
        assert.deepEqual(user.identities.map((identity) => identity.providerType), ["anon-user"]);
        assert.deepEqual({ ...user.profile }, {});
        assert.deepEqual(user.customData, {});
    });

    test("are reused unless told otherwise", async () => {
        const app = newApp();
        const first = await app.logIn(Realm.Credentials.anonymous());
        assert.equal((await app.logIn(Realm.Credentials.anonymous())).id, first.id);
        assert.notEqual((await app.logIn(anonymous())).id, first.id);
    });

    test("get a device id that the next login sends again", async () => {
        const app = newApp();
        const first = await app.logIn(anonymous());
        const second = await app.logIn(anonymous());
        assert.match(first.deviceId, /^[0-9a-f]{24}$/);
        assert.equal(second.deviceId, first.deviceId);
    });
});

describe("email/password users", () => {
    test("register, log in, and show their email", async () => {
        const { user, email } = await registered(newApp());
        assert.equal(user.profile.email, email);
        assert.equal(user.providerType, "local-userpass");
        assert.deepEqual(user.identities.map((identity) => identity.providerType), ["local-userpass"]);
    });

    test("keep their id from one installation to the next", async () => {
        const { user, email } = await registered(newApp());
        const elsewhere = await newApp().logIn(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.equal(elsewhere.id, user.id);
        assert.notEqual(claims(elsewhere.accessToken).iss, claims(user.accessToken).iss);
    });

    test("are told that a name is in use", async () => {
        const app = newApp();
        const { email } = await registered(app);
        await assert.rejects(
            app.emailPasswordAuth.registerUser({ email, password: PASSWORD }),
            refused(409, "AccountNameInUse", /^name already in use$/),
        );
    });

    test("are told that a password is too short", async () => {
        await assert.rejects(
            newApp().emailPasswordAuth.registerUser({ email: freshEmail(), password: "short" }),
            refused(400, "BadRequest", /^password must be between 6 and 128 characters$/),
        );
    });

    test("with a wrong password stay out", async () => {
        const app = newApp();
        const { email } = await registered(app);
        const failed = newApp().logIn(Realm.Credentials.emailPassword(email, "wrong password"));
        await assert.rejects(failed, refused(401, "InvalidPassword", /^unauthorized$/));
    });

    test("that nobody knows stay out the same way", async () => {
        const failed = newApp().logIn(Realm.Credentials.emailPassword(freshEmail(), PASSWORD));
        await assert.rejects(failed, refused(401, "InvalidPassword", /^unauthorized$/));
    });

    test("can be registered while somebody with an expired token is logged in", async () => {
        const app = newApp(SHORT_ACCESS);
        const somebody = await app.logIn(anonymous());
        await untilExpired(somebody.accessToken);
        const { accessToken } = somebody;
        await app.emailPasswordAuth.registerUser({ email: freshEmail(), password: PASSWORD });
        assert.equal(somebody.accessToken, accessToken, "a pointless refresh was made");
    });
});

describe("sessions", () => {
    test("are refreshed by hand", async () => {
        const { user } = await registered(newApp());
        await user.refreshAccessToken();
        assert.equal(claims(user.accessToken).sub, user.id);
        await user.refreshProfile();
    });

    test("are refreshed on their own when the access token has expired", async () => {
        const { user } = await registered(newApp(SHORT_ACCESS));
        const before = user.accessToken;
        await untilExpired(before);
        await user.refreshProfile();
        assert.notEqual(user.accessToken, before);
        assert.ok(claims(user.accessToken).exp > claims(before).exp);
        assert.equal(user.state, "active");
    });

    test("are refreshed before a document call goes through", async () => {
        const user = await newApp(SHORT_ACCESS).logIn(anonymous());
        const before = user.accessToken;
        await untilExpired(before);
        assert.equal(await customData(user).findOne({ user_id: user.id }), null);
        assert.notEqual(user.accessToken, before);
    });

    test("survive many simultaneous calls with an expired token", async () => {
        const user = await newApp(SHORT_ACCESS).logIn(anonymous());
        await untilExpired(user.accessToken);
        await Promise.all(Array.from({ length: 5 }, () => user.refreshProfile()));
        assert.equal(user.state, "active");
    });

    test("end when the refresh token has expired: the user is logged out", async () => {
        const { user } = await registered(newApp(SHORT_REFRESH));
        await untilExpired(user.refreshToken);
        await assert.rejects(user.refreshProfile(), refused(401, "InvalidSession", /refresh token expired/));
        assert.equal(user.state, "logged-out");
    });

    test("that were ended elsewhere log the user out at the next refresh", async () => {
        const { user } = await registered(newApp());
        const answer = await fetch(`${URL_OF_SHOP}/api/client/v2.0/auth/session`, {
            method: "DELETE",
            headers: { Authorization: `Bearer ${user.refreshToken}` },
        });
        assert.equal(answer.status, 204);
        await assert.rejects(user.refreshAccessToken(), refused(401, "InvalidSession", /failed to find refresh token/));
        assert.equal(user.state, "logged-out");
    });
});

describe("custom data", () => {
    test("is written, read, and part of the user after a refresh", async () => {
        const { user, email } = await registered(newApp());
        const { insertedId } = await customData(user).insertOne({ user_id: user.id, theme: "dark", visits: 1 });
        assert.equal(insertedId.toHexString().length, 24);

        const found = await customData(user).findOne({ user_id: user.id });
        assert.equal(found.theme, "dark");
        assert.equal(found.visits, 1);
        assert.ok(found._id.equals(insertedId));

        assert.deepEqual(user.customData, {});
        const refreshed = await user.refreshCustomData();
        assert.equal(refreshed.theme, "dark");
        assert.equal(user.customData.visits, 1);

        const elsewhere = await newApp().logIn(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.equal(elsewhere.customData.theme, "dark");
    });

    test("is changed by $set and $unset, and made by an upsert", async () => {
        const user = await newApp().logIn(anonymous());
        const own = { user_id: user.id };
        const made = await customData(user).updateOne(own, { $set: { a: 1, list: ["x", "y"] } }, { upsert: true });
        assert.equal(made.matchedCount, 0);
        assert.equal(made.upsertedId.toHexString().length, 24);
        const changed = await customData(user).updateOne(own, { $set: { "list.1": "z", "b.c": true }, $unset: { a: "" } });
        assert.deepEqual({ ...changed }, { matchedCount: 1, modifiedCount: 1 });
        const { _id, ...rest } = await user.refreshCustomData();
        assert.ok(_id);
        assert.deepEqual(rest, { user_id: user.id, list: ["x", "z"], b: { c: true } });
    });

    test("keeps BSON types", async () => {
        const user = await newApp().logIn(anonymous());
        const { Decimal128, Long, MaxKey, MinKey, ObjectId, Timestamp } = Realm.BSON;
        const id = new ObjectId();
        const when = new Date("2026-01-02T03:04:05.678Z");
        const [big, price] = [Long.fromString("9007199254740993"), Decimal128.fromString("0.10")];
        await customData(user).insertOne({ user_id: user.id, id, when, big, price });
        const found = await customData(user).findOne({ id }, { projection: { _id: 0, user_id: 0 } });
        assert.deepEqual(Object.keys(found), ["id", "when", "big", "price"]);
        assert.ok(found.id.equals(id));
        assert.equal(found.when.getTime(), when.getTime());
        assert.equal(found.price.toString(), "0.10");
        // realm-web reads a long as a number, and rounds it; the server has every digit.
        assert.ok(await customData(user).findOne({ big }));
        assert.equal(await customData(user).findOne({ big: big.subtract(1) }), null);
        // These are written twice by realm-web, which leaves numbers inside of them in a form of their own.
        const ends = { stamp: new Timestamp(1, 7), least: new MinKey(), most: new MaxKey() };
        await customData(user).updateOne({ id }, { $set: ends });
        assert.ok(await customData(user).findOne({ stamp: ends.stamp, least: ends.least, most: ends.most }));
    });

    test("is removed, and gone after a refresh", async () => {
        const user = await newApp().logIn(anonymous());
        await customData(user).insertOne({ user_id: user.id });
        assert.ok((await user.refreshCustomData())._id);
        assert.deepEqual({ ...(await customData(user).deleteOne({ user_id: user.id })) }, { deletedCount: 1 });
        assert.deepEqual(await user.refreshCustomData(), {});
    });

    test("of others is neither seen nor written", async () => {
        const app = newApp();
        const owner = await app.logIn(anonymous());
        const other = await app.logIn(anonymous());
        await customData(owner).insertOne({ user_id: owner.id, secret: true });
        assert.equal(await customData(other).findOne({ user_id: owner.id }), null);
        const { matchedCount } = await customData(other).updateOne({ user_id: owner.id }, { $set: { secret: false } });
        assert.equal(matchedCount, 0);
        await assert.rejects(
            customData(other).insertOne({ user_id: owner.id }),
            refused(400, "NoMatchingRuleFound", /insert not permitted/),
        );
        assert.equal((await customData(owner).findOne({})).secret, true);
    });

    test("elsewhere has no rule", async () => {
        const user = await newApp().logIn(anonymous());
        await assert.rejects(
            user.mongoClient("mongodb-atlas").db("app").collection("orders").findOne({}),
            refused(400, "NoMatchingRuleFound", /no rule exists for namespace 'app.orders'/),
        );
    });

    test("refuses an operator that it does not know", async () => {
        const user = await newApp().logIn(anonymous());
        await assert.rejects(
            customData(user).updateOne({ user_id: user.id }, { $inc: { n: 1 } }),
            refused(400, "MongoDBError", /Unknown modifier: \$inc/),
        );
    });
});

describe("linking", () => {
    test("makes an anonymous user a registered one with the same id", async () => {
        const app = newApp();
        const user = await app.logIn(anonymous());
        const email = freshEmail();
        await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await user.linkCredentials(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.deepEqual(user.identities.map((identity) => identity.providerType), ["anon-user", "local-userpass"]);
        assert.equal(user.profile.email, email);
        const again = await newApp().logIn(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.equal(again.id, user.id);
    });

    test("somebody else's identity fails, and does not go round in circles", async () => {
        const app = newApp();
        const { email } = await registered(app);
        const user = await app.logIn(anonymous());
        await assert.rejects(
            user.linkCredentials(Realm.Credentials.emailPassword(email, PASSWORD)),
            refused(401, "AuthError", /a user already exists with the specified provider/),
        );
        assert.equal(user.state, "active");
    });

    test("with a wrong password fails, and does not go round in circles", async () => {
        const app = newApp();
        const email = freshEmail();
        await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
        const user = await app.logIn(anonymous());
        await assert.rejects(
            user.linkCredentials(Realm.Credentials.emailPassword(email, "wrong password")),
            refused(401, "InvalidPassword", /invalid username\/password/),
        );
        assert.equal(user.state, "active");
    });
});

describe("several users of one installation", () => {
    test("are all logged in, and one is current", async () => {
        const app = newApp();
        const { user: first } = await registered(app);
        const { user: second } = await registered(app);
        const third = await app.logIn(anonymous());
        assert.equal(app.currentUser.id, third.id);
        assert.deepEqual(Object.keys(app.allUsers), [third.id, second.id, first.id]);
        app.switchUser(first);
        assert.equal(app.currentUser.id, first.id);
        for (const user of [first, second, third]) {
            await user.refreshProfile();
            assert.equal(user.state, "active");
        }
    });

    test("are there when the application starts again", async () => {
        const storage = newStorage();
        const before = newApp(URL_OF_SHOP, { storage });
        const { user: first } = await registered(before);
        const { user: second } = await registered(before);
        const after = newApp(URL_OF_SHOP, { storage });
        assert.deepEqual(Object.keys(after.allUsers), [second.id, first.id]);
        for (const user of Object.values(after.allUsers)) {
            await user.refreshAccessToken();
            await user.refreshProfile();
        }
    });

    test("log out one by one", async () => {
        const app = newApp();
        const { user: first, email } = await registered(app);
        const { user: second } = await registered(app);
        await second.logOut();
        assert.equal(second.state, "logged-out");
        assert.equal(app.currentUser.id, first.id);
        await first.refreshAccessToken();
        // The one who logged out is still listed, and comes back with the same id.
        assert.ok(second.id in app.allUsers);
        await first.logOut();
        assert.equal(app.currentUser, null);
        const back = await app.logIn(Realm.Credentials.emailPassword(email, PASSWORD));
        assert.equal(back.id, first.id);
        assert.equal(back.state, "active");
    });

    test("can be removed from the installation, which keeps the account", async () => {
        const app = newApp();
        const { user, email } = await registered(app);
        await app.removeUser(user);
        assert.equal(user.state, "removed");
        assert.deepEqual(Object.keys(app.allUsers), []);
        assert.equal((await newApp().logIn(Realm.Credentials.emailPassword(email, PASSWORD))).id, user.id);
    });

    test("can be deleted, which ends the account", async () => {
        const app = newApp();
        const { user, email } = await registered(app);
        await app.deleteUser(user);
        assert.equal(user.state, "removed");
        await assert.rejects(
            app.logIn(Realm.Credentials.emailPassword(email, PASSWORD)),
            refused(401, "InvalidPassword", /^unauthorized$/),
        );
        const { user: successor } = await registered(app, email);
        assert.notEqual(successor.id, user.id);
    });
});

test("an app that the server does not have is named", async () => {
    await assert.rejects(
        newApp(URL_OF_SHOP, { id: "other-abcde" }).logIn(anonymous()),
        refused(404, undefined, /^cannot find app using Client App ID 'other-abcde'$/),
    );
});

test("a provider that is not configured is named", async () => {
    await assert.rejects(
        newApp(SHORT_ACCESS).logIn(Realm.Credentials.jwt("a.b.c")),
        refused(404, "AuthProviderNotFound", /custom-token/),
    );
});
