// EmailPasswordAuth of realm-web: every method, in the three ways that an App can confirm and reset.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as Realm from "realm-web";

import { PASSWORD, control, environment, freshEmail, newApp, refused, registered } from "./support.mjs";

const MAILED = environment("IDMUX_MAILED");
const DECIDED = environment("IDMUX_DECIDED");
const NEW_PASSWORD = "a newer horse";
const logIn = (app, email, password = PASSWORD) => app.logIn(Realm.Credentials.emailPassword(email, password));

/** The newest mail to somebody, and the tokens in its link. */
async function newestMail(baseUrl, email) {
    const mails = await control(baseUrl, "GET", `/mails?email=${encodeURIComponent(email)}`);
    assert.ok(mails.length > 0, `no mail to ${email}`);
    const link = new URL(mails[0].link);
    return { ...mails[0], count: mails.length, link, token: link.searchParams.get("token"), tokenId: link.searchParams.get("tokenId") };
}

describe("an App that confirms by mail", () => {
    const app = () => newApp(MAILED, { id: "mailed-abcde" });

    test("keeps somebody out until the link of the mail was followed", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await assert.rejects(logIn(app(), email), refused(401, "AuthError", /./));
        const mail = await newestMail(MAILED, email);
        assert.equal(mail.purpose, "confirm");
        assert.equal(mail.subject, "Please confirm");
        assert.equal(mail.link.searchParams.get("from"), "mail");
        await app().emailPasswordAuth.confirmUser({ token: mail.token, tokenId: mail.tokenId });
        const user = await logIn(app(), email);
        assert.equal(user.profile.email, email);
    });

    test("takes a link once", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        const { token, tokenId } = await newestMail(MAILED, email);
        await app().emailPasswordAuth.confirmUser({ token, tokenId });
        await assert.rejects(
            app().emailPasswordAuth.confirmUser({ token, tokenId }),
            refused(400, "UserpassTokenInvalid", /^userpass token is expired or invalid$/),
        );
    });

    test("refuses tokens that are none", async () => {
        await assert.rejects(
            app().emailPasswordAuth.confirmUser({ token: "x", tokenId: "y" }),
            refused(400, "BadRequest", /^invalid token data$/),
        );
        await assert.rejects(
            app().emailPasswordAuth.confirmUser({ token: "ab".repeat(64), tokenId: "5f0000000000000000000000" }),
            refused(400, "UserpassTokenInvalid", /./),
        );
    });

    test("sends the mail again", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        const first = await newestMail(MAILED, email);
        await app().emailPasswordAuth.resendConfirmationEmail({ email });
        const second = await newestMail(MAILED, email);
        assert.equal(second.count, 2);
        assert.notEqual(second.token, first.token);
        await app().emailPasswordAuth.confirmUser({ token: second.token, tokenId: second.tokenId });
        await assert.rejects(
            app().emailPasswordAuth.resendConfirmationEmail({ email }),
            refused(400, "UserAlreadyConfirmed", /^already confirmed$/),
        );
    });

    test("has no confirmation function to run again", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await assert.rejects(app().emailPasswordAuth.retryCustomConfirmation({ email }), refused(400, "BadRequest", /./));
    });

    test("does not know who never registered", async () => {
        for (const method of ["resendConfirmationEmail", "sendResetPasswordEmail"]) {
            await assert.rejects(
                app().emailPasswordAuth[method]({ email: freshEmail() }),
                refused(404, "UserNotFound", /^user not found$/),
            );
        }
    });

    test("confirms with one key in the mailbox", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        const { id } = await newestMail(MAILED, email);
        await control(MAILED, "POST", `/mails/${id}/confirm`);
        assert.equal((await logIn(app(), email)).profile.email, email);
    });
});

describe("a reset by mail", () => {
    const app = () => newApp(MAILED, { id: "mailed-abcde" });

    async function confirmed() {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await control(MAILED, "POST", `/mails/${(await newestMail(MAILED, email)).id}/confirm`);
        return email;
    }

    test("gives a new password, once, and ends the old one", async () => {
        const email = await confirmed();
        const before = await logIn(app(), email);
        await app().emailPasswordAuth.sendResetPasswordEmail({ email });
        const { purpose, token, tokenId } = await newestMail(MAILED, email);
        assert.equal(purpose, "reset");
        await app().emailPasswordAuth.resetPassword({ token, tokenId, password: NEW_PASSWORD });
        await assert.rejects(logIn(app(), email), refused(401, "InvalidPassword", /^unauthorized$/));
        assert.equal((await logIn(app(), email, NEW_PASSWORD)).id, before.id);
        await assert.rejects(
            app().emailPasswordAuth.resetPassword({ token, tokenId, password: PASSWORD }),
            refused(400, "UserpassTokenInvalid", /^userpass token is expired or invalid$/),
        );
    });

    test("keeps the rules of passwords", async () => {
        const email = await confirmed();
        await app().emailPasswordAuth.sendResetPasswordEmail({ email });
        const { token, tokenId } = await newestMail(MAILED, email);
        await assert.rejects(
            app().emailPasswordAuth.resetPassword({ token, tokenId, password: "short" }),
            refused(400, "BadRequest", /^password must be between 6 and 128 characters$/),
        );
        await app().emailPasswordAuth.resetPassword({ token, tokenId, password: NEW_PASSWORD });
    });

    test("is not done by a token of a confirmation", async () => {
        const email = freshEmail();
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        const { token, tokenId } = await newestMail(MAILED, email);
        await assert.rejects(
            app().emailPasswordAuth.resetPassword({ token, tokenId, password: NEW_PASSWORD }),
            refused(400, "UserpassTokenInvalid", /./),
        );
    });

    test("is over after half an hour of the App's time", async () => {
        const email = await confirmed();
        await app().emailPasswordAuth.sendResetPasswordEmail({ email });
        const { token, tokenId } = await newestMail(MAILED, email);
        await control(MAILED, "PUT", "/clock", { advance: "31m" });
        await assert.rejects(
            app().emailPasswordAuth.resetPassword({ token, tokenId, password: NEW_PASSWORD }),
            refused(400, "UserpassTokenInvalid", /./),
        );
    });
});

describe("an App that confirms and resets by function", () => {
    const app = () => newApp(DECIDED, { id: "decided-abcde" });

    test("lets in whom its function lets in", async () => {
        const { user, email } = await registered(app(), freshEmail("ok"));
        assert.equal(user.profile.email, email);
    });

    test("makes no account of whom it refuses", async () => {
        const email = freshEmail("fail");
        const failed = () => app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await assert.rejects(failed(), refused(400, "BadRequest", /^failed to confirm user /));
        // The email is still free, so that the second try fails for the same reason.
        await assert.rejects(failed(), refused(400, "BadRequest", /^failed to confirm user /));
    });

    test("keeps somebody waiting, and runs again when asked", async () => {
        const email = freshEmail("pending");
        await app().emailPasswordAuth.registerUser({ email, password: PASSWORD });
        await assert.rejects(logIn(app(), email), refused(401, "AuthError", /./));
        await app().emailPasswordAuth.retryCustomConfirmation({ email });
        await assert.rejects(logIn(app(), email), refused(401, "AuthError", /./));
        await assert.rejects(
            app().emailPasswordAuth.resendConfirmationEmail({ email }),
            refused(400, "BadRequest", /^please use confirm via function$/),
        );
    });

    test("does not run again for somebody who is confirmed", async () => {
        const { email } = await registered(app(), freshEmail("ok"));
        await assert.rejects(
            app().emailPasswordAuth.retryCustomConfirmation({ email }),
            refused(400, "UserAlreadyConfirmed", /^already confirmed$/),
        );
    });

    test("resets a password with the arguments that the function wants", async () => {
        const { user, email } = await registered(app(), freshEmail("ok"));
        const details = { email, password: NEW_PASSWORD };
        await assert.rejects(
            app().emailPasswordAuth.callResetPasswordFunction(details, "41", { list: [1, 2] }),
            refused(400, "BadRequest", /^failed to reset password for user /),
        );
        await app().emailPasswordAuth.callResetPasswordFunction(details, "42", { list: [1, 2] });
        assert.equal((await logIn(app(), email, NEW_PASSWORD)).id, user.id);
        await assert.rejects(
            app().emailPasswordAuth.sendResetPasswordEmail({ email }),
            refused(400, "BadRequest", /^please use reset password via function$/),
        );
    });

    test("does not reset the password of somebody unknown", async () => {
        await assert.rejects(
            app().emailPasswordAuth.callResetPasswordFunction({ email: freshEmail(), password: NEW_PASSWORD }, "42", { list: [1, 2] }),
            refused(404, "UserNotFound", /^user not found$/),
        );
    });
});

test("an App that confirms at once has nothing to confirm again", async () => {
    const app = newApp();
    const { email } = await registered(app);
    await assert.rejects(
        app.emailPasswordAuth.retryCustomConfirmation({ email }),
        refused(400, "BadRequest", /^cannot run confirmation for .*: automatic confirmation is enabled$/),
    );
});
