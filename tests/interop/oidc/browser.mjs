// As much of a browser as a log-in needs: it follows redirects, keeps cookies, and sends the form that a page sends by
// itself.

import assert from "node:assert/strict";

export class Browser {
    #cookies = new Map();

    /**
     * Goes to `url` and on from there until it is sent to an address that starts with `end`.
     * @param url Where to start.
     * @param end Where the way is over; nobody listens there.
     * @param who The person who logs in at the provider; it asks with `login_hint`.
     * @returns The address at the end, and every address on the way.
     */
    async visit(url, end, who = "ada") {
        const way = [];
        let request = { url: new URL(url), method: "GET" };
        for (let hops = 0; hops < 20; hops++) {
            if (request.url.href.startsWith(end)) {
                return { end: request.url, way };
            }
            if (request.url.searchParams.has("code_challenge") || request.url.searchParams.has("response_type")) {
                request.url.searchParams.set("login_hint", who);
            }
            way.push(request.url);
            request = await this.#next(request);
        }
        assert.fail(`no end: ${way.slice(0, 5).join(" ")} and so on`);
    }

    async #next({ url, method, body }) {
        const response = await fetch(url, { method, body, redirect: "manual", headers: this.#headers(url) });
        for (const cookie of response.headers.getSetCookie()) {
            const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
            this.#cookies.set(`${url.origin} ${name}`, value);
        }
        const location = response.headers.get("location");
        if (location) {
            return { url: new URL(location, url), method: "GET" };
        }
        const page = await response.text();
        assert.equal(response.status, 200, `${url}: ${page}`);
        const action = /<form[^>]* action="([^"]+)"/.exec(page);
        assert.ok(action, `${url} is a page without a form: ${page}`);
        const fields = [...page.matchAll(/<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"/g)];
        const form = new URLSearchParams(fields.map(([, name, value]) => [name, value]));
        return { url: new URL(action[1]), method: "POST", body: form };
    }

    #headers({ origin }) {
        const own = [...this.#cookies].filter(([key]) => key.startsWith(`${origin} `));
        const cookies = own.map(([key, value]) => `${key.slice(origin.length + 1)}=${value}`);
        return cookies.length ? { Cookie: cookies.join("; ") } : {};
    }
}
