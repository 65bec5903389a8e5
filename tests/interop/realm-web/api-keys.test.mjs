// ApiKeyAuth of realm-web, and logging in with a key.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import { anonymous, fresh, newApp, refused, registered } from "./support.mjs";

const withKey = (key) => newApp().logIn(Realm.Credentials.apiKey(key));

describe("API keys", () => {
    test("are created, and their secret is shown once", async () => {
        const { user } = await registered(newApp());
        const created = await user.apiKeys.create("first_key-1");
        assert.match(created._id, /^[0-9a-f]{24}$/);
        assert.match(created.key, /^[A-Za-z0-9]{64}$/);
        assert.deepEqual([created.name, created.disabled], ["first_key-1", false]);
        const fetched = await user.apiKeys.fetch(created._id);
        assert.deepEqual({ ...fetched }, { _id: created._id, name: "first_key-1", disabled: false });
    });

    test("are listed", async () => {
        const { user } = await registered(newApp());
        assert.deepEqual(await user.apiKeys.fetchAll(), []);
        for (const name of ["a", "b"]) {
            await user.apiKeys.create(name);
        }
        assert.deepEqual((await user.apiKeys.fetchAll()).map((key) => key.name), ["a", "b"]);
    });

    test("log their owner in, who gets an identity more", async () => {
        const { user } = await registered(newApp());
        const { key, _id } = await user.apiKeys.create(fresh("key"));
        const again = await withKey(key);
        assert.equal(again.id, user.id);
        assert.equal(again.providerType, "api-key");
        assert.deepEqual(
            again.identities.map((identity) => identity.providerType),
            ["local-userpass", "api-key"],
        );
        assert.equal(again.identities[1].id, _id);
        assert.equal((await withKey(key)).identities.length, 2);
    });

    test("do not count while they are disabled, nor once they are deleted", async () => {
        const { user } = await registered(newApp());
        const { key, _id } = await user.apiKeys.create("k");
        await user.apiKeys.disable(_id);
        await user.apiKeys.disable(_id);
        assert.equal((await user.apiKeys.fetch(_id)).disabled, true);
        await assert.rejects(withKey(key), refused(401, "AuthError", /./));
        await user.apiKeys.enable(_id);
        assert.equal((await withKey(key)).id, user.id);
        await user.apiKeys.delete(_id);
        await assert.rejects(withKey(key), refused(401, "AuthError", /./));
        await assert.rejects(user.apiKeys.fetch(_id), refused(404, "APIKeyNotFound", /API key not found/));
    });

    test("that nobody made do not count", async () => {
        await assert.rejects(withKey("x".repeat(64)), refused(401, "AuthError", /./));
    });

    test("have names, each once, of certain characters", async () => {
        const { user } = await registered(newApp());
        await user.apiKeys.create("twice");
        await assert.rejects(user.apiKeys.create("twice"), refused(409, "APIKeyAlreadyExists", /^API key with name already exists$/));
        await assert.rejects(
            user.apiKeys.create("no spaces"),
            refused(400, "InvalidParameter", /can only contain ASCII letters, numbers, underscores, and hyphens/),
        );
        await assert.rejects(user.apiKeys.create(""), refused(400, undefined, /'name' is a required string/));
    });

    test("are twenty at most", async () => {
        const { user } = await registered(newApp());
        for (let count = 0; count < 20; count++) {
            await user.apiKeys.create(`key-${count}`);
        }
        await assert.rejects(user.apiKeys.create("one-more"), (error) => error.statusCode >= 400 && error.statusCode < 500);
        assert.equal((await user.apiKeys.fetchAll()).length, 20);
    });

    test("of others are not there", async () => {
        const { user: owner } = await registered(newApp());
        const { user: other } = await registered(newApp());
        const { _id } = await owner.apiKeys.create("mine");
        for (const method of ["fetch", "enable", "disable", "delete"]) {
            await assert.rejects(other.apiKeys[method](_id), refused(404, "APIKeyNotFound", /API key not found/));
        }
        assert.equal((await owner.apiKeys.fetchAll()).length, 1);
    });

    test("are not for anonymous users", async () => {
        const user = await newApp().logIn(anonymous());
        await assert.rejects(user.apiKeys.create("k"), (error) => error.statusCode === 403);
    });

    test("cannot be linked", async () => {
        const { user: owner } = await registered(newApp());
        const { key } = await owner.apiKeys.create("k");
        const { user } = await registered(newApp());
        await assert.rejects(
            user.linkCredentials(Realm.Credentials.apiKey(key)),
            refused(400, "InvalidParameter", /invalid user link request/),
        );
    });
});
