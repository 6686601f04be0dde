//! The audit log is only added to: the database itself refuses to change or remove an entry
//! (docs/decisions/0037-what-the-audit-log-keeps.md).

use super::Dialect;
use super::late::Piece;

pub(super) const AUDIT_LOG: Piece = Piece {
    is_there: |dialect| match dialect {
        Dialect::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'audit_entries_stay'",
        Dialect::Postgres => {
            "SELECT 1 FROM pg_trigger WHERE tgname = 'audit_entries_stay' AND tgrelid = 'audit_entries'::regclass"
        }
    },
    makes: |dialect| match dialect {
        Dialect::Sqlite => &[
            "CREATE TRIGGER audit_entries_as_they_are BEFORE UPDATE ON audit_entries \
             BEGIN SELECT RAISE(ABORT, 'audit entries are only added'); END",
            "CREATE TRIGGER audit_entries_stay BEFORE DELETE ON audit_entries \
             BEGIN SELECT RAISE(ABORT, 'audit entries are only added'); END",
        ],
        Dialect::Postgres => &[
            "CREATE FUNCTION only_added() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RAISE EXCEPTION ''audit entries are only added''; END'",
            "CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries \
             FOR EACH STATEMENT EXECUTE FUNCTION only_added()",
        ],
    },
};
