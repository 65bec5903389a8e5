//! Dialogs by keyboard and by mouse: Apps, a collision, text that is not dropped.

use idmux::local_app::{ANY_PORT, LocalApp, Options, Storage};

use super::hands::{click, place};
use super::{BACK_TAB, ENTER, ESCAPE, SMALL, TAB, at_home, close, first_run, register};

#[test]
fn an_app_is_added_by_keyboard_used_and_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = LocalApp::start(ANY_PORT, Options::new("shop-abcde", Storage::Memory));
    let app = runtime.block_on(app).unwrap();
    let mut idmux = first_run(home.path());
    idmux.send("A");
    idmux.wait_for("comes with idmux");
    idmux.send("n");
    idmux.wait_for("Add an App");
    idmux.fill("shop");
    idmux.send(TAB);
    idmux.fill("nonsense");
    idmux.wait_for("an http or https address");
    idmux.send("\u{15}");
    idmux.fill(app.base_url().as_str());
    idmux.send(TAB);
    idmux.send("shop-abcde");
    idmux.send(ENTER);
    idmux.wait_until("the form is gone", |screen| !screen.contains("Add an App"));
    idmux.wait_for("remembered on this device");
    // The new App is under the cursor: one logs in there.
    idmux.send("r");
    idmux.wait_for("Register at shop");
    idmux.fill("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    idmux.send(ENTER);
    idmux.wait_for("ada@example.com: logged in");
    idmux.quit();

    // It is there at the next start, and goes with its users.
    let mut idmux = at_home(home.path(), SMALL);
    idmux.wait_for("ada@example.com");
    idmux.send("A");
    idmux.wait_for("remembered on this device");
    idmux.send("d");
    idmux.wait_for("1 user with it");
    idmux.send("l");
    idmux.send(ENTER);
    idmux.wait_for("app forgotten");
    idmux.wait_for("comes with idmux");
    close(&mut idmux, "comes with idmux");
    assert!(!idmux.screen().contains("ada@example.com"), "{}", idmux.screen());
    idmux.quit();
    runtime.block_on(app.stop()).unwrap();
}

#[test]
fn an_identity_of_somebody_else_is_explained_and_the_text_stays() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    idmux.send("l");
    idmux.wait_for("Log in to local");
    idmux.send(BACK_TAB);
    idmux.send(" ");
    idmux.wait_for("Anonymous");
    idmux.send(ENTER);
    idmux.wait_until("the anonymous user is there", |screen| {
        screen.contains("anonymous …") && !screen.contains("Log in to local")
    });
    idmux.send("G");
    idmux.send("L");
    idmux.wait_for("permanent, 1 of 2");
    idmux.send("ada@example.com");
    idmux.send(TAB);
    idmux.send("secret1");
    idmux.send(ENTER);
    idmux.wait_for("permanent, 2 of 2");
    idmux.send(ENTER);
    let screen = idmux.wait_for("belongs to another user");
    assert!(screen.contains("log in by this identity"), "{screen}");
    // One escape does not drop what was typed.
    idmux.send(ESCAPE);
    idmux.wait_for("again drops what you typed");
    close(&mut idmux, "permanent, 1 of 2");
    idmux.quit();
}

#[test]
fn a_dialog_by_mouse() {
    let home = tempfile::tempdir().unwrap();
    let mut idmux = first_run(home.path());
    register(&mut idmux, "ada@example.com");
    idmux.send("r");
    idmux.wait_for("Register at local");
    let password = place(&idmux, "Password");
    click(&mut idmux, password);
    idmux.wait_for("▸ Password");
    idmux.send("secret1");
    let email = place(&idmux, "E-mail");
    click(&mut idmux, email);
    idmux.wait_for("▸ E-mail");
    idmux.fill("bob@example.com");
    // A click outside closes nothing, and one on the hint is the key.
    let outside = place(&idmux, "Users");
    click(&mut idmux, outside);
    let submit = place(&idmux, "Enter submit");
    click(&mut idmux, submit);
    idmux.wait_for("bob@example.com: logged in");
    idmux.wait_until("the dialog is gone", |screen| !screen.contains("Register at local"));
    idmux.send("x");
    let cancel = place(&idmux, "Cancel ]");
    click(&mut idmux, cancel);
    idmux.wait_until("the question is gone", |screen| !screen.contains("Cancel ]"));
    idmux.send("x");
    let remove = place(&idmux, "Remove ]");
    click(&mut idmux, remove);
    idmux.wait_for("removed from this device");
    idmux.quit();
}
