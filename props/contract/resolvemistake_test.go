package contract_test

import (
	"strings"
	"testing"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// resolveMistakes are edits of shopContract that only the schema shows to be wrong.
var resolveMistakes = []mistake{
	{name: "tenants' table", old: "{table: accounts, key: id}", new: "{table: acounts, key: id}", at: "acounts", msg: `no table "acounts"`, expected: "did you mean accounts?"},
	{name: "tenants' key", old: "key: id}", new: "key: idd}", at: "idd", msg: `table "accounts" has no column "idd"`, expected: "did you mean id?"},
	{name: "a key that is not unique", old: "key: id}", new: "key: name}", at: "name}", msg: "not unique", expected: "unique"},
	{name: "table", old: "  plans: {tenant: shared}", new: "  planz: {tenant: shared}", at: "planz", msg: `no table "planz"`, expected: "did you mean plans?"},
	{name: "tenant column", old: "templates: {tenant: account_id", new: "templates: {tenant: acount_id", at: "acount_id", msg: `has no column "acount_id"`, expected: "did you mean account_id?"},
	{name: "tenant column of another type", old: "templates: {tenant: account_id", new: "templates: {tenant: text", at: "text", msg: "is text", expected: "bigint"},
	{name: "target of a way", old: "  plans: {tenant: shared}", new: "  plans: {tenant: shared}\n  lines: {tenant: invoice_id -> invoice}", at: "invoice}", msg: `no table "invoice"`, expected: "did you mean invoices?"},
	{name: "no such foreign key", old: "  plans: {tenant: shared}", new: "  plans: {tenant: shared}\n  lines: {tenant: text -> invoices}", at: "text ->", msg: "text", expected: "bigint"},
	{name: "a way to a shared table", old: "  plans: {tenant: shared}", new: "  plans: {tenant: shared}\n  lines: {tenant: invoice_id -> plans}", at: "lines", msg: `come from "plans", which is shared`, expected: "foreign key"},
	{name: "a circle", old: "  plans: {tenant: shared}", new: "  plans: {tenant: shared}\n  lines: {tenant: invoice_id -> invoices}\n  invoices: {tenant: id -> lines}", at: "id -> lines", msg: `lead back to "invoices"`, expected: "a column or a query"},
	{name: "generator of no column", old: "  plans: {tenant: shared}", new: "  plans: {tenant: shared, columns: {phone: phone}}", at: "phone: phone", msg: `has no column "phone"`, expected: "name"},
	{name: "column in tenants", old: "WHERE m.user_id = users.id", new: "WHERE m.usr_id = users.id", at: "m.usr_id", msg: `no column "usr_id"`, expected: "SELECT"},
	{name: "tenants of another type", old: "SELECT account_id FROM memberships m", new: "SELECT m.id::text FROM memberships m", at: "SELECT m.id", msg: "gives text", expected: "bigint"},
	{name: "a variable in the tenants of a row", old: "WHERE m.user_id = users.id", new: "WHERE m.user_id = $user.id", at: "SELECT account_id", msg: "depend on $user.id", expected: "row"},
	{name: "not inferred", old: "  locks: {tenant: internal}\n", new: "", at: "tables:", msg: `"locks"`, expected: "locks: {tenant: COLUMN}"},
	{name: "login", old: "    login: app\n    role: member", new: "    login: ap\n    role: member", at: "ap", msg: `no role "ap"`, expected: "did you mean app?"},
	{name: "login that cannot", old: "    login: app\n    role: member", new: "    login: other\n    role: member", at: "other", msg: "cannot log in", expected: "LOGIN"},
	{name: "role that may not be taken", old: "role: member\n", new: "role: other\n", at: "other", msg: "may not SET ROLE", expected: "GRANT"},
	{name: "login from a column that is not there", old: "    login: app\n    role: member", new: "    login: $tenant.db_role\n    role: member", at: "$tenant", msg: "db_role", expected: "accounts"},
	{name: "users' table", old: "user: {table: users,", new: "user: {table: user,", at: "user,", msg: `no table "user"`, expected: "did you mean users?"},
	{name: "where of no column", old: "where: role = 'member'", new: "where: rolle = 'member'", at: "rolle", msg: `"rolle"`, expected: "users"},
	{name: "a setting of nothing", old: "app.user_id: $user}", new: "app.user_id: $usr}", at: "$usr", msg: "unknown variable $usr", expected: "$user"},
	{name: "a setting of no column", old: "app.user_id: $user}", new: "app.user_id: $user.emial}", at: "$user.emial", msg: "emial", expected: "did you mean email?"},
	{name: "column of a rule", old: "own and admin is not true", new: "own and admn is not true", at: "admn", msg: `"admn"`, expected: "users"},
	{name: "table of a rule", old: "own and admin is not true", new: "own and exists (select 1 from membership)", at: "membership)", msg: "membership", expected: ""},
	{name: "variable of a rule", old: "own and admin is not true", new: "own and id = $me", at: "$me", msg: "unknown variable $me", expected: "$tenant"},
	{name: "argument outside of a path", old: "own and admin is not true", new: "own and id = $1", at: "$1", msg: "$1", expected: "$user"},
	{name: "types in a rule", old: "own and admin is not true", new: "own and email = id", at: "= id", msg: "cannot compare text and bigint", expected: "condition"},
	{name: "a rule that is not boolean", old: "own and admin is not true", new: "own and email", at: "email", msg: "boolean", expected: ""},
	{name: "seen table", old: "      lines: {may: own}", new: "      line: {may: own}", at: "line:", msg: `no table "line"`, expected: "lines"},
	{name: "seen column", old: "columns: [id, email]", new: "columns: [id, mail]", at: "mail", msg: `no column "mail"`, expected: "did you mean email?"},
	{name: "an internal table that is seen", old: "      lines: {may: own}", new: "      locks: all", at: "all", msg: "internal", expected: "none"},
	{name: "column of a write", old: "columns: [total]", new: "columns: [totl]", at: "totl", msg: `no column "totl"`, expected: "did you mean total?"},
	{name: "rule of a write", old: "own and total = 1", new: "own and total = 'x'", at: "'x'", msg: "not a value of type bigint", expected: ""},
	{name: "$user without a user", old: `    sees: {"*": none, plans: all}`, new: `    sees: {"*": none, plans: $user.id = 1}`, at: "$user", msg: "has no user", expected: "user"},
	{name: "a secret of no column", old: "sessions:\n", new: "secrets: [users.token]\nsessions:\n", at: "users.token", msg: `no column "token"`, expected: "email"},
	{name: "an exception of no table", old: "sessions:\n", new: "accept:\n  - {table: user, reason: x}\nsessions:\n", at: "user,", msg: `no table "user"`, expected: "users"},
	{name: "audit column", old: "sessions:\n", new: "paths:\n  p: {kind: job, as: [member], run: SELECT 1, audit: {table: plans, tenant: account}}\nsessions:\n", at: "account}", msg: `no column "account"`, expected: "name"},
	{name: "path argument", old: "sessions:\n", new: "paths:\n  p: {kind: job, as: [member], run: SELECT $1, args: [users.mail]}\nsessions:\n", at: "users.mail", msg: `no column "mail"`, expected: "email"},
	{name: "path variable", old: "sessions:\n", new: "paths:\n  p: {kind: job, as: [member], run: SELECT $user.mail}\nsessions:\n", at: "$user.mail", msg: "mail", expected: "email"},
	{name: "path rule", old: "sessions:\n", new: "paths:\n  p: {kind: job, as: [member], run: SELECT 1, sees: {users: mail = 'x'}}\nsessions:\n", at: "mail", msg: "mail", expected: ""},
	{name: "a folded rule", old: "users: {rows: own and admin is not true,", new: "users: {rows: \"own and\n        admn is not true\",", at: "admn", msg: `"admn"`, expected: ""},
	{name: "a block rule", old: "      lines: {may: own}", new: "      lines: >-\n        own and\n        txt = 'x'", at: "txt", msg: `"txt"`, expected: ""},
}

func TestResolveMistakes(t *testing.T) {
	for _, m := range resolveMistakes {
		t.Run(m.name, func(t *testing.T) {
			if strings.Count(shopContract, m.old) == 0 {
				t.Fatalf("the contract has no %q", m.old)
			}
			src := strings.Replace(shopContract, m.old, m.new, 1)
			_, _, err := resolve(t, shop(t), src)
			one(t, src, err, m.at, m.msg, m.expected)
		})
	}
}

func TestEmptySchema(t *testing.T) {
	_, _, err := resolve(t, &model.Schema{}, shopContract)
	one(t, shopContract, err, "schema:", "no table", "schemas")
}

func TestSeveralMistakesAtOnce(t *testing.T) {
	src := strings.NewReplacer("own and admin is not true", "own and admn is not true", "columns: [total]", "columns: [totl]").Replace(shopContract)
	_, _, err := resolve(t, shop(t), src)
	one(t, src, err, "admn", "admn", "")
	one(t, src, err, "totl", "totl", "")
}
