//! The views that take the whole body, in the demonstration.

use super::{ENTER, ESCAPE, Size, Terminal, close};

#[test]
fn the_chart_shows_when_everybody_has_to_log_in_again_and_the_log_why_a_log_in_failed() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = Terminal::idmux(home.path(), &["--demo"], Size(120, 40));
    for who in ["barbara", "anonymous …", "edsger", "grace", "linus", "ada"] {
        demo.wait_for(who);
    }

    // The chart: from months to minutes, and back.
    demo.send("6");
    demo.wait_for("idmux demo › Lifetimes");
    let screen = demo.wait_for("the next 90 days");
    assert!(screen.contains("+30 d") && screen.contains("✗ log in again"), "{screen}");
    // Only whose refresh token lives for a minute may have come to it already.
    assert!(screen.matches("LOG IN AGAIN").count() <= 2, "{screen}");
    demo.send("+++++");
    let screen = demo.wait_for("the next hour");
    assert!(screen.contains("+30 min"), "{screen}");
    demo.send("-----");
    demo.wait_for("the next 90 days");

    // Two months on, the sessions are over, and the chart says so.
    demo.send("T");
    demo.wait_for("the App's time");
    demo.send("e");
    demo.wait_for("+61d 0h");
    close(&mut demo, "the App's time");
    demo.wait_until("everybody has to log in again", |screen| screen.matches("LOG IN AGAIN").count() >= 5);
    demo.wait_for("server clock +61d 0h");
    demo.send("6");
    demo.wait_until("the board", |screen| !screen.contains("Lifetimes:"));

    // A log-in that fails; its dialog says why, and the log knows it later.
    demo.send("g");
    demo.send("8");
    demo.wait_for("what happened");
    demo.wait_for("has to log in again");
    demo.send("8");
    demo.wait_until("the board", |screen| !screen.contains("what happened"));
    demo.send("l");
    demo.wait_for("Password");
    demo.send("not-the-password");
    demo.send(ENTER);
    demo.wait_for("wrong e-mail or password");
    demo.send(ESCAPE);
    demo.wait_for("again drops what you typed");
    demo.send(ESCAPE);
    demo.wait_until("no dialog", |screen| !screen.contains("Password"));
    demo.send("8");
    demo.send("fff");
    demo.wait_for("Log: errors");
    demo.wait_for("could not log in: wrong e-mail or password");
    demo.send("G");
    demo.send(ENTER);
    let screen = demo.wait_for("wrong credentials");
    assert!(screen.contains("wrong e-mail or password") && screen.contains("next"), "{screen}");
    assert!(!screen.contains("not-the-password"), "{screen}");
    demo.leave();
}
