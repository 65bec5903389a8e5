// Functions of the App, as realm-web calls them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import { anonymous, customData, newApp, refused, registered } from "./support.mjs";

describe("functions", () => {
    test("are called by name and by proxy", async () => {
        const user = await newApp().logIn(anonymous());
        assert.equal(await user.functions.sum(1, 2, 3.5), 6.5);
        assert.equal(await user.callFunction("sum", 20, 22), 42);
        assert.equal(await user.callFunction("nested/deep"), "from below");
    });

    test("give BSON types back as they got them", async () => {
        const user = await newApp().logIn(anonymous());
        const { Decimal128, ObjectId } = Realm.BSON;
        const value = { id: new ObjectId(), when: new Date("2026-01-02T03:04:05.678Z"), price: Decimal128.fromString("0.10"), list: [1, "two", null, true], nested: { a: { b: 1.5 } } };
        const echo = await user.functions.echo(value);
        assert.ok(echo.id.equals(value.id));
        assert.equal(echo.when.getTime(), value.when.getTime());
        assert.equal(echo.price.toString(), "0.10");
        assert.deepEqual(echo.list, value.list);
        assert.deepEqual(echo.nested, value.nested);
    });

    test("know who calls", async () => {
        const { user, email } = await registered(newApp());
        await customData(user).insertOne({ user_id: user.id, theme: "dark" });
        const seen = await user.functions.whoami();
        assert.equal(seen.id, user.id);
        assert.equal(seen.type, "normal");
        assert.deepEqual(seen.data, { email });
        assert.equal(seen.custom_data.theme, "dark");
        assert.deepEqual(seen.providers, ["local-userpass"]);
        assert.equal(seen.greeting, "hello");
    });

    test("may return nothing", async () => {
        const user = await newApp().logIn(anonymous());
        assert.equal((await user.functions.nothing()) ?? null, null);
    });

    test("that throw say what", async () => {
        const user = await newApp().logIn(anonymous());
        await assert.rejects(user.functions.fail(), refused(400, "FunctionExecutionError", /on purpose/));
    });

    test("that are private or unknown are not found", async () => {
        const user = await newApp().logIn(anonymous());
        await assert.rejects(user.functions.hidden(), refused(404, "FunctionNotFound", /^function not found: 'hidden'$/));
        await assert.rejects(user.functions.missing(), refused(404, "FunctionNotFound", /^function not found: 'missing'$/));
        assert.equal(await user.functions.outer(), "found");
    });

    test("may be for some users only", async () => {
        const { user } = await registered(newApp());
        assert.equal(await user.functions.guarded(), "let in");
        const other = await newApp().logIn(anonymous());
        await assert.rejects(other.functions.guarded(), refused(400, "FunctionExecutionError", /rule not matched for function "guarded"/));
    });
});
