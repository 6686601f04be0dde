-- The first house. One text for SQLite and PostgreSQL: TEXT, BIGINT and DOUBLE PRECISION only; times are
-- microseconds since the Unix epoch, booleans 0 or 1, JSON is TEXT and is parsed in Rust.

-- One row each; `changes` counts writes to what servers cache, so that a change by another process is seen.
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
CREATE TABLE change_counter (
    id BIGINT PRIMARY KEY NOT NULL,
    value BIGINT NOT NULL
);
INSERT INTO change_counter (id, value) VALUES (1, 0);

-- `seq` numbers, in the order of the commits, every event and every change to what events are sent to.
CREATE TABLE organizations (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    edition TEXT NOT NULL,
    webhooks_enabled BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX organizations_created ON organizations (created_at, id);

-- organization_id is NULL for account managers. email is lower case. last_seen_at: to within some minutes.
CREATE TABLE users (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT REFERENCES organizations (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    theme TEXT NOT NULL,
    active BIGINT NOT NULL,
    last_seen_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);
CREATE INDEX users_organization ON users (organization_id, created_at, id);

-- What a user proves the second step of sign-in with. secret is sealed (base::vault, place `second_factors/<user>`).
-- confirmed_at: NULL until the user has shown a code of it. last_step: of the last code that was used (30-second steps since
-- the epoch); no earlier one is taken. recovery_salt: of the recovery codes' Argon2id hashes, in base64.
CREATE TABLE second_factors (
    user_id TEXT PRIMARY KEY NOT NULL REFERENCES users (id),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    confirmed_at BIGINT,
    last_step BIGINT NOT NULL,
    recovery_salt TEXT NOT NULL
);
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

-- Links that prove something to us, by the SHA-256 of their code. purpose: reset_password, change_email (to `email`).
CREATE TABLE account_links (
    code_hash TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id),
    purpose TEXT NOT NULL,
    email TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX account_links_user ON account_links (user_id);
CREATE INDEX account_links_expiry ON account_links (expires_at);

-- The cookie holds a random key, this table only its SHA-256. `state` is what the session remembers (JSON). signed_in: 0 while
-- the second step of sign-in is still owed, and for visitors. agent, address: of whoever signed in.
CREATE TABLE sessions (
    key_hash TEXT PRIMARY KEY NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT REFERENCES users (id),
    signed_in BIGINT NOT NULL,
    agent TEXT NOT NULL,
    address TEXT,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Who was asked to join and has not answered yet. The link holds a random code, this table only its SHA-256. A row goes when the
-- invitation is accepted or taken back.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX invitations_code ON invitations (code_hash);
CREATE UNIQUE INDEX invitations_email ON invitations (organization_id, email);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id TEXT REFERENCES users (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (key_hash);
CREATE INDEX api_keys_organization ON api_keys (organization_id, created_at, id);

-- Append-only. `source` says from where: page, api key id, command line, herald itself; `address` the network address, as far as
-- there is one. project_id: also in `details`, where it is the story of a project.
CREATE TABLE audit_entries (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    source TEXT NOT NULL,
    address TEXT,
    details TEXT NOT NULL,
    project_id TEXT
);
CREATE INDEX audit_entries_organization ON audit_entries (organization_id, at, id);
CREATE INDEX audit_entries_project ON audit_entries (project_id, at, id) WHERE project_id IS NOT NULL;

-- url: without its query, which is sealed in url_query (base::vault, place `<organization>/webhooks/<id>/url_query`).
-- signing: symmetric, asymmetric: what its newest signing secret is.
-- state: active, paused, disabled. `version` rises with every change that a lane must see.
-- not_before: no attempt starts earlier (Retry-After). failing_since: first failure after the last success.
-- next_alert_at: when to look whether people are to be told again that it is failing. alert, alert_since: what they were told last
-- (a row of alerts); 'recovered' closes it.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    url_query TEXT,
    state TEXT NOT NULL,
    disabled_reason TEXT,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    deleted_seq BIGINT,
    not_before BIGINT,
    failing_since BIGINT,
    failures BIGINT NOT NULL,
    next_alert_at BIGINT,
    alert TEXT,
    alert_since BIGINT,
    last_test_at BIGINT,
    last_test_success BIGINT,
    last_test_status BIGINT,
    max_concurrency BIGINT,
    max_per_second BIGINT,
    signing TEXT NOT NULL DEFAULT 'symmetric'
);
CREATE INDEX webhooks_organization ON webhooks (organization_id, created_at, id);
CREATE INDEX webhooks_alerts ON webhooks (next_alert_at) WHERE next_alert_at IS NOT NULL;
CREATE INDEX webhooks_deleted ON webhooks (deleted_at) WHERE deleted_at IS NOT NULL;

-- What people are told of a webhook, each kind once for each spell of failures, which since names: its first failure.
-- event_id, error: the delivery whose attempt failed (or succeeded at last), and why. told_at: when mails were queued.
CREATE TABLE alerts (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    since BIGINT NOT NULL,
    kind TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    event_id TEXT,
    error TEXT,
    told_at BIGINT,
    PRIMARY KEY (webhook_id, since, kind)
);
CREATE INDEX alerts_untold ON alerts (at) WHERE told_at IS NULL;
CREATE INDEX alerts_told ON alerts (at) WHERE told_at IS NOT NULL;
CREATE INDEX alerts_event ON alerts (event_id) WHERE event_id IS NOT NULL;

-- value is sealed (base::vault, place `<organization>/webhook_headers/<webhook>/<lower-case name>`).
CREATE TABLE webhook_headers (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (webhook_id, position)
);

-- What a person does not want to be told any more: the last alert of the webhook that was dismissed.
CREATE TABLE alert_dismissals (
    user_id TEXT NOT NULL REFERENCES users (id),
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    since BIGINT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (user_id, webhook_id)
);

-- The mails that a person does not want, by their kinds.
CREATE TABLE unwanted_mails (
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    PRIMARY KEY (user_id, kind)
);

-- Mails on their way; a row goes when its mail has been handed to the mail server. due_at: when it is tried next; while a
-- try is under way, when its lease ends. body_text, body_html: sealed (base::vault, places `mails/<id>/text` and `/html`), for
-- there are links in them that open accounts.
CREATE TABLE mails (
    id TEXT PRIMARY KEY NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE INDEX mails_due ON mails (due_at);

-- Alerts on their way to the operator, in the same way.
CREATE TABLE operator_events (
    id TEXT PRIMARY KEY NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);
CREATE INDEX operator_events_due ON operator_events (due_at);

-- Never updated in place: a change ends one row (until_seq) and begins another. In the order of organizations.seq.
CREATE TABLE subscriptions (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    event_type TEXT NOT NULL,
    from_seq BIGINT NOT NULL,
    until_seq BIGINT,
    organization_id TEXT NOT NULL,
    PRIMARY KEY (webhook_id, event_type, from_seq)
);
CREATE INDEX subscriptions_current ON subscriptions (organization_id, event_type, webhook_id) WHERE until_seq IS NULL;

-- secret is sealed, whsec_… or whsk_… (place `<organization>/signing_secrets/<webhook>/<id>`). expires_at is set while a rotated-out secret still signs.
CREATE TABLE signing_secrets (
    id TEXT PRIMARY KEY NOT NULL,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX signing_secrets_webhook ON signing_secrets (webhook_id, created_at);
CREATE INDEX signing_secrets_expiry ON signing_secrets (expires_at) WHERE expires_at IS NOT NULL;

-- body: the callback as sent, rendered once. data: the additional keys as a JSON object, or NULL.
-- webhooks_enabled: whether the organization's switch was on when the event was recorded.
-- References are checked at the commit where many rows are written at once: SQLite would otherwise copy every page before it
-- changes it, to be able to take back one statement.
CREATE TABLE events (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id) DEFERRABLE INITIALLY DEFERRED,
    seq BIGINT NOT NULL,
    event_type TEXT NOT NULL,
    entity_ids TEXT NOT NULL,
    performed_by TEXT NOT NULL,
    performed_at BIGINT NOT NULL,
    data TEXT,
    body TEXT NOT NULL,
    webhooks_enabled BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);
-- The type stands last in the indexes of lists: a list of one type reads past the others without their rows.
CREATE INDEX events_organization ON events (organization_id, recorded_at, id, event_type);

-- Events that retention has looked at and had to leave, and since when at the earliest nothing has been going on with them: it
-- looks again when that is long enough ago (docs/decisions/0029-what-is-due-for-removal.md).
CREATE TABLE lingering_events (
    event_id TEXT PRIMARY KEY NOT NULL,
    since BIGINT NOT NULL
);
CREATE INDEX lingering_events_since ON lingering_events (since);

-- answer: the ids of the events that the call made (JSON). event_id: one of them that is kept; the key goes with the last.
CREATE TABLE idempotency_keys (
    organization_id TEXT NOT NULL,
    call TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, call, key)
);
CREATE INDEX idempotency_keys_event ON idempotency_keys (event_id);

-- state: pending, held, succeeded, failed, cancelled.
-- hold: why it is held: webhook (not active) or switch (webhooks turned off for the organization).
-- due_at is set only while pending: when the next attempt may start, or, while an attempt is under way, when its lease ends.
-- leased_until: an attempt is under way, or waits in a lane. A result counts only with the lease it was claimed under.
-- attempts: requests made; step: how many of them the current schedule has used.
-- undo_state: what deleting the webhook cancelled, to be put back by its undo.
-- replay_id: the last replay that made it pending again; replayed_from: the state that it was in before.
-- The key begins with the event, so that the deliveries of one event, which are made together, stand together.
CREATE TABLE deliveries (
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) DEFERRABLE INITIALLY DEFERRED,
    event_id TEXT NOT NULL REFERENCES events (id) DEFERRABLE INITIALLY DEFERRED,
    organization_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    state TEXT NOT NULL,
    hold TEXT,
    reason TEXT,
    attempts BIGINT NOT NULL,
    step BIGINT NOT NULL,
    due_at BIGINT,
    lease BIGINT NOT NULL,
    leased_until BIGINT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    last_attempt_at BIGINT,
    last_status BIGINT,
    last_outcome TEXT,
    last_error TEXT,
    last_duration BIGINT,
    undo_state TEXT,
    replay_id TEXT,
    replayed_from TEXT,
    redelivery_asked_at BIGINT,
    PRIMARY KEY (event_id, webhook_id)
);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at, event_id) WHERE due_at IS NOT NULL;
-- Leases of redeliveries, and of what was held or cancelled while its attempt was under way. All others end at due_at, whose index has them.
CREATE INDEX deliveries_leased_apart ON deliveries (leased_until) WHERE leased_until <> COALESCE(due_at, 0);
-- Redeliveries that somebody asked for and that have not been made: nearly always none.
CREATE INDEX deliveries_asked ON deliveries (redelivery_asked_at, webhook_id, event_id) WHERE redelivery_asked_at IS NOT NULL;
CREATE INDEX deliveries_log ON deliveries (webhook_id, created_at, event_id, event_type);
CREATE INDEX deliveries_state ON deliveries (webhook_id, state, created_at, event_id, event_type);
-- What a replay has made pending: how much of it has come to what.
CREATE INDEX deliveries_replay ON deliveries (replay_id, state, step) WHERE replay_id IS NOT NULL;
CREATE INDEX deliveries_organization ON deliveries (organization_id, created_at, event_id, webhook_id, event_type);

-- trigger_kind: schedule, redeliver, replay. duration in microseconds. url: with *** for its query. Headers are JSON lists of [name, value];
-- the value of a webhook's own header is null. response_body: text, or base64 where response_encoding says so.
CREATE TABLE attempts (
    webhook_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    organization_id TEXT NOT NULL,
    trigger_kind TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    url TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status_code BIGINT,
    error TEXT,
    request_headers TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    response_body TEXT NOT NULL,
    response_encoding TEXT NOT NULL,
    response_truncated BIGINT NOT NULL,
    PRIMARY KEY (event_id, webhook_id, number)
);
-- Holds all that the figures of a webhook are made from.
CREATE INDEX attempts_started ON attempts (webhook_id, started_at, outcome, duration);

-- state: running, finished, cancelled. since, until: of the events' recorded_at. states, event_types: JSON lists; event_types NULL: all.
-- pace: microseconds between one delivery and the next. next_due_at: when the next one may start.
-- reached_at, reached_event: the last delivery that was looked at; is_scanned: there are no more.
-- total: how many are to be replayed; taken: how many were made pending. succeeded, failed, ended (neither): what became of those
-- that the replay no longer has in deliveries.replay_id, or, once it is over, of all.
CREATE TABLE replays (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    webhook_id TEXT NOT NULL REFERENCES webhooks (id),
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL,
    states TEXT NOT NULL,
    event_types TEXT,
    pace BIGINT NOT NULL,
    next_due_at BIGINT NOT NULL,
    reached_at BIGINT NOT NULL,
    reached_event TEXT NOT NULL,
    is_scanned BIGINT NOT NULL,
    total BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    succeeded BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX replays_webhook ON replays (webhook_id, created_at, id);
CREATE INDEX replays_running ON replays (id) WHERE state = 'running';
CREATE INDEX replays_finished ON replays (finished_at) WHERE finished_at IS NOT NULL;

-- status: active, completed, archived; archived_from: what it was before it was archived. due_date: YYYY-MM-DD.
-- search: name and client in lower case. trashed_by: in whose name the trash empties itself.
CREATE TABLE projects (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    client TEXT,
    due_date TEXT,
    owner TEXT,
    description TEXT,
    status TEXT NOT NULL,
    archived_from TEXT,
    trashed_at BIGINT,
    trashed_by TEXT,
    intake_id TEXT,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    search TEXT NOT NULL
);
-- Indexes of lists end with what is searched: a search reads past the others without their rows.
CREATE INDEX projects_organization ON projects (organization_id, created_at, id, status, search) WHERE trashed_at IS NULL;
-- What the page of a status is sorted by.
CREATE INDEX projects_due ON projects (organization_id, status, (COALESCE(due_date, '9999-12-31')), id, search)
    WHERE trashed_at IS NULL;
CREATE INDEX projects_name ON projects (organization_id, status, search, id) WHERE trashed_at IS NULL;
CREATE INDEX projects_trash ON projects (organization_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE UNIQUE INDEX projects_intake ON projects (intake_id) WHERE intake_id IS NOT NULL;

-- status: open, completed. position: from 1, without gaps.
CREATE TABLE sections (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX sections_project ON sections (project_id, position, id);

-- answer_id: the pair of the answer library that the answer was taken from or saved to.
CREATE TABLE questions (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    section_id TEXT NOT NULL REFERENCES sections (id),
    question TEXT NOT NULL,
    answer TEXT,
    answer_id TEXT,
    position BIGINT NOT NULL
);
CREATE INDEX questions_section ON questions (section_id, position, id);
CREATE INDEX questions_project ON questions (project_id);
CREATE INDEX questions_answer ON questions (answer_id, project_id) WHERE answer_id IS NOT NULL;

-- The answer library. status: in_moderation, published, in_review, rejected. number: the pair's place in the order in which
-- pairs were saved, which lists are in, and its row in the full-text index (db/full_text.rs). tags: a JSON list. digest: the same
-- for pairs with the same question and answer.
CREATE TABLE answers (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    number BIGINT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,
    owner TEXT,
    status TEXT NOT NULL,
    reviewer TEXT,
    review_due TEXT,
    note TEXT,
    trashed_at BIGINT,
    trashed_by TEXT,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX answers_number ON answers (number);
CREATE INDEX answers_organization ON answers (organization_id, number) WHERE trashed_at IS NULL;
CREATE INDEX answers_status ON answers (organization_id, status, number) WHERE trashed_at IS NULL;
CREATE INDEX answers_digest ON answers (organization_id, digest) WHERE trashed_at IS NULL;
CREATE INDEX answers_thrown_away ON answers (organization_id, number) WHERE trashed_at IS NOT NULL;
CREATE INDEX answers_trash ON answers (organization_id, trashed_at, id) WHERE trashed_at IS NOT NULL;
CREATE INDEX answers_owner ON answers (organization_id, owner, number) WHERE trashed_at IS NULL AND owner IS NOT NULL;

-- What pairs are found by their tags with: the same for both engines. tag: in lower case; label: as it was written.
-- number, status and trashed are the pair's, so that each list by a tag is one range of one index.
CREATE TABLE answer_tags (
    answer_id TEXT NOT NULL REFERENCES answers (id),
    tag TEXT NOT NULL,
    label TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    status TEXT NOT NULL,
    trashed BIGINT NOT NULL,
    PRIMARY KEY (answer_id, tag)
);
CREATE INDEX answer_tags_list ON answer_tags (organization_id, trashed, tag, number);
CREATE INDEX answer_tags_status ON answer_tags (organization_id, trashed, tag, status, number);

-- What was done with a pair, step by step. version and status are the pair's from the step on; question, answer and tags
-- what it said before, where the step changed any of them.
CREATE TABLE answer_history (
    answer_id TEXT NOT NULL REFERENCES answers (id),
    version BIGINT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    changed_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    note TEXT,
    question TEXT,
    answer TEXT,
    tags TEXT,
    PRIMARY KEY (answer_id, version)
);

-- Files on their way into the answer library. state: reading, ready, running, finished, stopped. total, done and refused count pairs
-- and rows; known: pairs that the library had when the file was read; skipped: those of the done ones that were left out for it, unless
-- takes_known. problems and ignored are JSON lists. is_moderator: whether the pairs are published at once.
CREATE TABLE imports (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    file_name TEXT NOT NULL,
    state TEXT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    known BIGINT NOT NULL,
    skipped BIGINT NOT NULL,
    takes_known BIGINT NOT NULL,
    problems TEXT NOT NULL,
    ignored TEXT NOT NULL,
    started_by TEXT NOT NULL,
    is_moderator BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX imports_organization ON imports (organization_id, created_at, id);
CREATE INDEX imports_open ON imports (state, created_at) WHERE state IN ('reading', 'ready', 'running');

-- The pairs of an import that are not saved yet. number: the pair's place in its file, from 1. tags: a JSON list.
CREATE TABLE import_rows (
    import_id TEXT NOT NULL REFERENCES imports (id),
    number BIGINT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,
    owner TEXT,
    PRIMARY KEY (import_id, number)
);
CREATE INDEX import_rows_digest ON import_rows (import_id, digest, number);

-- status: new, accepted, declined. due_date: YYYY-MM-DD. project_id: what was made of it. search: title, client and requester
-- in lower case.
CREATE TABLE intakes (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    title TEXT NOT NULL,
    requester TEXT,
    email TEXT,
    client TEXT,
    due_date TEXT,
    description TEXT,
    status TEXT NOT NULL,
    project_id TEXT,
    version BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    search TEXT NOT NULL
);
CREATE INDEX intakes_organization ON intakes (organization_id, created_at, id, status, search);
