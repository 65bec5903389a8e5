// Every request that realm-web was seen to send, header by header, and what the protocol says of its answer.
//
// The recording was made against a server that said yes to everything. Here the tokens are real, and what was a made-up
// credential is refused with the documented error. Documents of other collections than custom user data have no rule.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { environment } from "./support.mjs";

const SERVER = environment("IDMUX_TRANSCRIPT");
const { requests } = JSON.parse(readFileSync(new URL("transcript.json", import.meta.url)));
const CLIENT = "/api/client/v2.0";
const APP = `${CLIENT}/app/shop-abcde`;
const PROVIDERS = `${APP}/auth/providers`;
/** Actions of the data source that the App has; the others are named as unknown. */
const ACTIONS = ["findOne", "insertOne", "updateOne", "deleteOne"];

const ok = (status, check = () => {}) => ({ status, check });
const refused = (status, code) => ({ status, code });
const isLogin = ({ user_id, access_token, device_id, refresh_token }) => {
    for (const text of [user_id, access_token, device_id]) {
        assert.equal(typeof text, "string");
    }
    assert.ok(refresh_token === undefined || typeof refresh_token === "string");
};

/** What the protocol says of the answer to a request, by method and path, in the order of the recording. */
function expected({ method, path, query, body }, state) {
    const login = /\/auth\/providers\/([^/]+)\/login$/.exec(path)?.[1];
    switch (`${method} ${path.replace(/[0-9a-f]{24}/, "{id}")}`) {
        case `GET ${APP}/location`:
            return ok(200, ({ hostname, ws_hostname, deployment_model, location }) => {
                assert.equal(hostname, SERVER);
                assert.equal(ws_hostname, SERVER.replace("http", "ws"));
                assert.ok(deployment_model && location);
            });
        case `GET ${CLIENT}/auth/profile`:
            return ok(200, ({ type, identities, data }) => {
                assert.equal(type, "normal");
                assert.ok(identities.every(({ id, provider_type }) => id && provider_type));
                assert.equal(typeof data, "object");
            });
        case `POST ${PROVIDERS}/local-userpass/register`: return ok(201);
        case `POST ${PROVIDERS}/local-userpass/confirm`: return refused(400, "BadRequest");
        case `POST ${PROVIDERS}/local-userpass/confirm/send`: return refused(400, "UserAlreadyConfirmed");
        case `POST ${PROVIDERS}/local-userpass/confirm/call`: return refused(400, "BadRequest");
        case `POST ${PROVIDERS}/local-userpass/reset/send`: return ok(202);
        case `POST ${PROVIDERS}/local-userpass/reset`: return refused(400, "BadRequest");
        case `POST ${PROVIDERS}/local-userpass/reset/call`: return refused(400, "BadRequest");
        case `POST ${PROVIDERS}/${login}/login`:
            switch (login) {
                case "anon-user": return ok(200, isLogin);
                case "local-userpass": return body.password === "secret1" ? ok(200, isLogin) : refused(401, "InvalidPassword");
                case "oauth2-facebook":
                case "oauth2-apple": return refused(404, "AuthProviderNotFound");
                default: return refused(401, "AuthError");
            }
        // The browser's way to link: the provider is switched off in this App.
        case `GET ${PROVIDERS}/oauth2-google/login`: return refused(401, "AuthError");
        case `POST ${CLIENT}/auth/session`: return ok(201, ({ access_token }) => assert.equal(typeof access_token, "string"));
        case `DELETE ${CLIENT}/auth/session`: return state.ended.has(state.session) ? refused(401, "InvalidSession") : ok(204);
        case `DELETE ${CLIENT}/auth/delete`: return ok(204);
        case `POST ${CLIENT}/auth/api_keys`: return ok(201, ({ key }) => assert.match(key, /^[A-Za-z0-9]{64}$/));
        case `GET ${CLIENT}/auth/api_keys`: return ok(200, (keys) => assert.equal(keys.length, 1));
        case `GET ${CLIENT}/auth/api_keys/{id}`: return ok(200, ({ name, key }) => assert.deepEqual([name, key], ["mykey", undefined]));
        case `PUT ${CLIENT}/auth/api_keys/{id}/enable`:
        case `PUT ${CLIENT}/auth/api_keys/{id}/disable`:
        case `DELETE ${CLIENT}/auth/api_keys/{id}`: return ok(204);
        case `POST ${APP}/functions/call`:
            if (body.service === undefined) {
                return body.name === "sum" ? ok(200) : refused(404, "FunctionNotFound");
            }
            return ACTIONS.includes(body.name) ? refused(400, "NoMatchingRuleFound") : refused(404, "ServiceCommandNotFound");
        default:
            assert.match(query, /^\?baas_request=/, `nothing is expected of ${method} ${path}`);
            return { status: undefined };
    }
}

/** Sends one recorded request with real tokens in the place of the recorded ones. */
async function send({ method, path, query, headers, body }, state) {
    const authorization = headers.authorization?.replace(/<(access|refresh) token of [0-9a-f]{24}>/, (_, kind) => state[kind]);
    return fetch(SERVER + path.replace(/(?<=api_keys\/)[0-9a-f]{24}/, state.key) + (query ?? ""), {
        method,
        headers: authorization === undefined ? headers : { ...headers, authorization },
        body: body === null ? undefined : JSON.stringify(body),
    });
}

/** Logs the registered user in again, where the recording goes on with a session that has ended. */
async function freshSession(state) {
    const credentials = { username: "a@b.c", password: "secret1" };
    const answer = await fetch(`${SERVER}${PROVIDERS}/local-userpass/login`, { method: "POST", body: JSON.stringify(credentials) });
    if (answer.status !== 200) {
        await fetch(`${SERVER}${PROVIDERS}/local-userpass/register`, { method: "POST", body: JSON.stringify({ email: "a@b.c", password: "secret1" }) });
        return freshSession(state);
    }
    adopt(await answer.json(), state);
}

function adopt({ access_token, refresh_token }, state) {
    [state.access, state.refresh, state.session] = [access_token, refresh_token, refresh_token];
}

const state = { access: "", refresh: "", session: "", key: "", ended: new Set(), registered: false };
for (const [index, request] of requests.entries()) {
    test(`${index}: ${request.step}: ${request.method} ${request.path.slice(CLIENT.length)}`, async () => {
        if (request.headers.authorization && state.ended.has(state.session)) {
            await freshSession(state);
        }
        const { status, code, check } = expected(request, state);
        const answer = await send(request, state);
        const text = await answer.text();
        const said = `${answer.status} ${text}`;
        if (status === undefined) {
            assert.ok(answer.status >= 400 && answer.status < 500, said);
        } else {
            assert.equal(answer.status, status, said);
        }
        if (answer.status === 204 || (answer.ok && text === "")) {
            assert.equal(answer.headers.get("content-type"), null);
        } else {
            assert.equal(answer.headers.get("content-type"), "application/json");
        }
        const json = text === "" ? undefined : JSON.parse(text);
        if (answer.ok) {
            check?.(json);
        } else {
            assert.equal(typeof json.error, "string");
            assert.match(json.link, /\/logs\?co_id=[0-9a-f]{24}$/);
            if (code !== undefined) {
                assert.equal(json.error_code, code, said);
            }
        }
        // The user who goes on is the registered one, from the first login on.
        const isRegistered = request.path.includes("/local-userpass/");
        if (json?.refresh_token && (isRegistered || !state.registered)) {
            adopt(json, state);
            state.registered ||= isRegistered;
        }
        if (json?.key) {
            state.key = json._id;
        }
        if (answer.ok && request.method === "DELETE" && /\/(session|delete)$/.test(request.path)) {
            state.ended.add(state.session);
        }
    });
}
