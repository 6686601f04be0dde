//! What people do on many pages, in one word each.

use super::Browser;

impl Browser {
    /// Signs in on the page at `login`, and waits for the first page inside.
    pub async fn signs_in(&self, login: &str, email: &str, password: &str) {
        self.open(login).await;
        self.fill("Email", email).await;
        self.fill("Password", password).await;
        self.press("Sign in").await;
        self.wait_for(".sidebar").await;
    }

    /// The last part of the address of the page that is open.
    pub async fn last_of_address(&self) -> String {
        let address = self.client.current_url().await.expect("an address");
        last_part(address.path())
    }

    /// The last part of where the link called `name` leads.
    pub async fn last_of_link(&self, name: &str) -> String {
        let address = self.link(name).await.attr("href").await.expect("an attribute");
        last_part(&address.expect("a link leads somewhere"))
    }

    /// What stands in the field that `css` names.
    pub async fn value(&self, css: &str) -> String {
        self.wait_for(css).await.prop("value").await.expect("a value").unwrap_or_default()
    }
}

fn last_part(path: &str) -> String {
    path.rsplit('/').next().expect("splitting gives a part").to_owned()
}
