// realm-web in a real browser: requests across origins, and log-ins that go through other pages.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { chromium } from "playwright-core";

const { IDMUX_OIDC_URL, IDMUX_SHOP, CHROMIUM } = process.env;
assert.ok(IDMUX_OIDC_URL && IDMUX_SHOP && CHROMIUM, "start this through tests/interop/run");

const bundle = readFileSync(createRequire(import.meta.url).resolve("realm-web/dist/bundle.iife.js"));
const html = (body) => `<!doctype html><meta charset="utf-8"><title>shop</title><script src="/realm.js"></script>${body}`;
/** The application, and the page where a log-in through other pages ends. */
const PAGES = {
    "/": html(`<button id="go">go</button><script>
        window.app = new Realm.App({ id: "shop-abcde", baseUrl: new URLSearchParams(location.search).get("server") });
        // Opening a window takes a person's click.
        window.onClick = (work) => {
            window.outcome = new Promise((resolve) => {
                document.getElementById("go").onclick = () => work().then((value) => resolve({ value }), (error) => resolve({ error: error.message }));
            });
        };
    </script>`),
    "/done": html("<script>Realm.handleAuthRedirect();</script>"),
};

let browser, server, origin;
before(async () => {
    server = createServer((request, response) => {
        const path = new URL(request.url, "http://localhost").pathname;
        const page = PAGES[path];
        response.setHeader("Content-Type", page ? "text/html" : "text/javascript");
        response.writeHead(page || path === "/realm.js" ? 200 : 404).end(page ?? (path === "/realm.js" ? bundle : ""));
    });
    server.listen(0, "localhost");
    await once(server, "listening");
    origin = `http://localhost:${server.address().port}`;
    browser = await chromium.launch({
        executablePath: CHROMIUM,
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
});
after(async () => {
    await browser?.close();
    server?.close();
});

/** The application, which talks to `server`, in a browser of its own. */
async function visit(work, server = IDMUX_OIDC_URL) {
    const context = await browser.newContext();
    try {
        const page = await context.newPage();
        await page.goto(`${origin}/?server=${encodeURIComponent(server)}`);
        return await work(page, context);
    } finally {
        await context.close();
    }
}

/** What comes of a log-in or link that a click starts: the user, or the error. */
async function click(page, prepare, argument) {
    await page.evaluate(prepare, argument);
    await page.click("#go");
    return page.evaluate(() => window.outcome);
}

/** Makes the click log somebody in. */
const logInWith = (provider) => {
    const redirect = `${location.origin}/done`;
    const credentials = provider === "google" ? Realm.Credentials.google({ redirectUrl: redirect }) : Realm.Credentials[provider](redirect);
    window.onClick(async () => {
        const { id, providerType, profile, isLoggedIn } = await app.logIn(credentials);
        return { id, providerType, name: profile.name, isLoggedIn };
    });
};

describe("in a browser", () => {
    test("a page of another origin registers, logs in, and stays logged in when it is loaded again", async () => {
        await visit(async (page) => {
            const email = `browser-${process.pid}@example.com`;
            const id = await page.evaluate(async (email) => {
                await app.emailPasswordAuth.registerUser({ email, password: "correct horse" });
                return (await app.logIn(Realm.Credentials.emailPassword(email, "correct horse"))).id;
            }, email);
            await page.reload();
            const [again, name] = await page.evaluate(async () => {
                await app.currentUser.refreshProfile();
                return [app.currentUser.id, app.currentUser.profile.email];
            });
            assert.equal(again, id);
            assert.equal(name, email);
        }, IDMUX_SHOP);
    });

    test("an error of the server can be read by the page", async () => {
        await visit(async (page) => {
            const error = await page.evaluate(() =>
                app.logIn(Realm.Credentials.emailPassword("nobody@example.com", "correct horse")).catch(({ statusCode, errorCode }) => ({ statusCode, errorCode })));
            assert.deepEqual(error, { statusCode: 401, errorCode: "InvalidPassword" });
        }, IDMUX_SHOP);
    });

    for (const provider of ["google", "facebook", "apple"]) {
        test(`${provider} logs somebody in through its own page, each time the same user`, async () => {
            const [first, second] = [
                await visit((page) => click(page, logInWith, provider)),
                await visit((page) => click(page, logInWith, provider)),
            ];
            assert.equal(first.error, undefined);
            assert.equal(first.value.providerType, `oauth2-${provider}`);
            assert.ok(first.value.isLoggedIn);
            assert.equal(second.value.id, first.value.id);
        });
    }

    test("an anonymous user is linked through the provider's page, and keeps the id", async () => {
        await visit(async (page, context) => {
            const outcome = await link(page, context, `linked-${process.pid}`);
            assert.equal(outcome.error, undefined);
            assert.equal(outcome.value.before, outcome.value.after);
            assert.deepEqual(outcome.value.providers, ["anon-user", "oauth2-google"]);
        });
    });

    test("somebody who closes the window is told so", async () => {
        await visit(async (page, context) => {
            await context.route(/\/auth\?/, () => {});
            await page.evaluate(logInWith, "google");
            const opened = context.waitForEvent("page");
            await page.click("#go");
            await (await opened).close();
            const { error } = await page.evaluate(() => window.outcome);
            assert.match(error, /Window closed/);
        });
    });
});

/** Links Google to a fresh anonymous user; the provider's page takes `who` for the person in front of it. */
async function link(page, context, who) {
    await context.route(/\/auth\?/, (route) => {
        const url = new URL(route.request().url());
        url.searchParams.set("login_hint", who);
        return route.fulfill({ status: 302, headers: { location: url.href } });
    }, { times: 1 });
    return click(page, () => {
        window.onClick(async () => {
            const user = await app.logIn(Realm.Credentials.anonymous(false));
            const before = user.id;
            await user.linkCredentials(Realm.Credentials.google({ redirectUrl: `${location.origin}/done` }));
            return { before, after: user.id, providers: user.identities.map((identity) => identity.providerType) };
        });
    });
}
