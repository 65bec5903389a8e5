// What the tests of realm-web share: the servers that tests/interop/run has started, installations, and what errors are.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import * as Realm from "realm-web";

/** An environment variable that tests/interop/run sets. */
export function environment(name) {
    const value = process.env[name];
    assert.ok(value, `${name} is not set; start this through tests/interop/run`);
    return value;
}

/** The App that most tests use; its configuration is in apps/shop. */
export const APP = "shop-abcde";
export const URL_OF_SHOP = environment("IDMUX_SHOP");
export const PASSWORD = "correct horse";

let counter = 0;
/** A name that no other test uses. */
export const fresh = (prefix = "user") => `${prefix}-${process.pid}-${++counter}`;
/** An email address that no other test uses. */
export const freshEmail = (prefix) => `${fresh(prefix)}@example.com`;
/** What an installation of the application keeps; apps share it unless each has a part of its own. */
export const newStorage = () => Realm.getEnvironment().defaultStorage.prefix(`installation-${++counter}`);
/** An installation of the application. */
export const newApp = (baseUrl = URL_OF_SHOP, { id = APP, storage = newStorage(), ...rest } = {}) =>
    new Realm.App({ id, baseUrl, storage, ...rest });
export const anonymous = () => Realm.Credentials.anonymous(false);

/** Registers somebody and logs them in. */
export async function registered(app, email = freshEmail()) {
    await app.emailPasswordAuth.registerUser({ email, password: PASSWORD });
    const user = await app.logIn(Realm.Credentials.emailPassword(email, PASSWORD));
    return { user, email };
}

export const customData = (user) => user.mongoClient("mongodb-atlas").db("app").collection("custom_user_data");
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

/** Waits until the server considers the token expired. */
export async function untilExpired(token) {
    const { exp } = claims(token);
    while (Date.now() < exp * 1000 + 50) {
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** The properties of an error that the server answered with. */
export const refused = (statusCode, errorCode, error) => (thrown) => {
    assert.equal(thrown.constructor.name, "MongoDBRealmError", String(thrown));
    assert.equal(thrown.statusCode, statusCode, String(thrown));
    assert.equal(thrown.errorCode, errorCode);
    assert.match(thrown.error, error);
    assert.match(thrown.link, /\/logs\?co_id=[0-9a-f]{24}$/);
    return true;
};

/** What whoever looks after the App does. */
export async function control(baseUrl, method, path, body) {
    const answer = await fetch(`${baseUrl}/api/control/v1${path}`, {
        method,
        headers: { Authorization: `Bearer ${environment("IDMUX_CONTROL_TOKEN")}`, "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
}

/** A JWT that another issuer signed with a shared secret. */
export function hs256(claims, secret, header = {}) {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = `${part({ alg: "HS256", typ: "JWT", ...header })}.${part(claims)}`;
    return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
