//! Mails, as a reader shows them who trusts every word: no policy stands above them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Look;
use crate::support::mailbox::ReceivedMail;
use crate::support::recorder::{Answer, Recorder};

impl Look<'_> {
    /// Opens what was sent: an invitation, and of each webhook that failed that it does.
    pub async fn reads_mails(&mut self) {
        let mails = self.planted.mailbox.wait_for(4).await;
        let reader = Recorder::start().await;
        let mut read = String::new();
        for (number, mail) in mails.iter().enumerate() {
            let path = format!("/{number}");
            reader
                .answer(&path, Answer::status(200).header("content-type", "text/html; charset=utf-8").body(html(mail)));
            self.browser.open(&reader.url(&path)).await;
            read += &self.looks(&format!("the mail {:?}", mail.header("subject"))).await;
        }
        self.shows("the mails", &read, self.planted.in_mails());
    }
}

/// The part for those who read HTML.
fn html(mail: &ReceivedMail) -> Vec<u8> {
    let (_, part) = mail.data.split_once("Content-Type: text/html").expect("a part of HTML");
    let (head, body) = part.split_once("\r\n\r\n").expect("the end of its head");
    let (body, _) = body.split_once("\r\n--").expect("its end");
    if head.contains("base64") {
        return STANDARD.decode(body.replace("\r\n", "")).expect("base64");
    }
    let mut bytes = Vec::new();
    let mut rest = body.replace("=\r\n", "").into_bytes().into_iter();
    while let Some(byte) = rest.next() {
        if byte == b'=' && head.contains("quoted-printable") {
            let digits: String = rest.by_ref().take(2).map(char::from).collect();
            bytes.push(u8::from_str_radix(&digits, 16).expect("two digits"));
        } else {
            bytes.push(byte);
        }
    }
    bytes
}
