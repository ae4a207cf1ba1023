package contract

import "github.com/google/jsonschema-go/jsonschema"

// The format: every mapping with the keys that it takes.

var contractShape = &shape{
	name: "the contract",
	doc:  "What isolation means in one Postgres schema.",
	fields: []field{
		{"schema", "SQL files, or patterns of files, run in order in a fresh database; relative to the contract.", texts, false},
		{"database", "Connection string of a database whose schema is copied; it is never written to.", aText, false},
		{"preset", "The surroundings that the files expect. Defaults to plain.", one(presets...), false},
		{"schemas", "The schemas that are judged; SCHEMA.TABLE is a single table of another. Defaults to every schema that some session may use.", texts, false},
		{"tenant", "What a tenant is.", of(tenantShape), true},
		{"tables", "How rows belong to tenants, by table. Other tables are inferred.", mapOf(of(tableShape)), false},
		{"secrets", "Columns table.column: who presents the value may use it.", texts, false},
		{"sessions", "Who connects, and how the application binds them to a tenant.", someOf(of(sessionShape)), true},
		{"paths", "Every other way to the data.", mapOf(of(pathShape)), false},
		{"services", "The application, started once for each scratch database.", listOf(of(serviceShape)), false},
		{"accept", "Intended exceptions, each with its reason.", listOf(of(acceptShape)), false},
	},
	also: func() []*jsonschema.Schema { return []*jsonschema.Schema{not(needs("schema", "database"))} },
}

var (
	presets = []string{"plain", "supabase", "postgrest"}
	kinds   = []string{"query", "view", "function", "search", "export", "report", "dashboard", "job", "webhook", "request"}
	binds   = []string{"local", "session", "first"}
	classes = []string{"open", "residue", "move", "write", "read", "interference", "canary", "audit", "lockout", "existence"}
)

var tenantShape = &shape{
	name: "tenant",
	doc:  "Either table, one row per tenant, or values, the type of the columns that hold tenants.",
	fields: []field{
		{"table", "The tenants' table.", aText, false},
		{"key", "The column of it that other tables refer to. Defaults to its primary key.", aText, false},
		{"values", "The type of a tenant's value, where no table lists the tenants: text, uuid, bigint.", aText, false},
	},
	also: func() []*jsonschema.Schema {
		return []*jsonschema.Schema{oneKey("table", "values"), {DependentRequired: map[string][]string{"key": {"table"}}}}
	},
}

var tableShape = &shape{
	name: "a table",
	doc:  "How the rows of one table belong to tenants.",
	fields: []field{
		{"tenant", "A column; a foreign key, COLUMN -> TABLE; shared; internal; or a list of columns and foreign keys.", either(aWay, listOf(aWayAmong)), false},
		{"tenants", "A SELECT of one column: the tenants of a row, any number.", aText, false},
		{"null", "shared: a row without any tenant is everybody's.", one("shared"), false},
		{"columns", "Generators of values, by column: one of gofakeit's names.", mapOf(aText), false},
	},
	least: 1,
	also: func() []*jsonschema.Schema {
		return []*jsonschema.Schema{not(&jsonschema.Schema{
			Properties: map[string]*jsonschema.Schema{"tenant": {Enum: []any{"shared", "internal"}}},
			AllOf:      []*jsonschema.Schema{needs("tenant"), anyOf("tenants", "null")},
		})}
	},
}

// aWay is a way from a row to its tenants; an arrow stands between columns and a table.
var aWay = pattern(`^\s*[^\s>-][^>]*$|^\s*[^\s>-].*->\s*\S`)

// aWayAmong is a way among others.
func aWayAmong() *jsonschema.Schema {
	out := aWay()
	out.Not = &jsonschema.Schema{Enum: []any{"shared", "internal"}}
	return out
}

var ruleObject = &shape{
	name: "a rule",
	doc:  "A rule with its columns, or an upper bound.",
	fields: []field{
		{"rows", "The rule: own, all, none or a condition in SQL. Defaults to own.", aRule, false},
		{"may", "The rule as an upper bound: less is no lockout.", aRule, false},
		{"columns", "The columns. Defaults to all.", texts, false},
	},
	least: 1,
	also:  func() []*jsonschema.Schema { return []*jsonschema.Schema{not(needs("rows", "may"))} },
}

// deleteShape has the keys of a rule, for the mistake that names them all.
func deleteShape() *jsonschema.Schema {
	out := ruleObject.schema()
	out.Properties["columns"] = never()
	out.Properties["columns"].Description = "Not for a delete."
	return out
}

var updateShape = &shape{
	name: "update",
	doc:  "Which rows may be changed, and into what.",
	fields: []field{
		{"from", "The rule for the old row. Defaults to own.", aRule, false},
		{"to", "The rule for the new row. Defaults to own.", aRule, false},
		{"may", "The rule for the old row as an upper bound: less is no lockout.", aRule, false},
		{"columns", "The columns that may be set. Defaults to all.", texts, false},
	},
	least: 1,
	also:  func() []*jsonschema.Schema { return []*jsonschema.Schema{not(needs("from", "may"))} },
}

var writesShape = &shape{
	name: "the writes of a table",
	doc:  "What may be changed; a command that is not written is none.",
	fields: []field{
		{"insert", "The rule for new rows.", either(aRule, of(ruleObject)), false},
		{"update", "The rule for old rows, or from, to and columns.", either(aRule, of(updateShape)), false},
		{"delete", "The rule for rows that are deleted.", either(aRule, deleteShape), false},
		{"may", "The rule of all three commands, as an upper bound.", aRule, false},
	},
	least: 1,
	also: func() []*jsonschema.Schema {
		return []*jsonschema.Schema{not(&jsonschema.Schema{AllOf: []*jsonschema.Schema{needs("may"), anyOf("insert", "update", "delete")}})}
	},
}

// aRule is a rule's text; a bare true or false is SQL too.
func aRule() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "boolean"}, Pattern: `\S`}
}

var (
	seesForm   = either(aRule, of(ruleObject))
	writesForm = either(aRule, of(writesShape))
)

var userShape = &shape{
	name: "user",
	doc:  "The rows that may be the session's user: of the session's tenant, and meeting where.",
	fields: []field{
		{"table", "The users' table, with a primary key of one column.", aText, true},
		{"where", "A condition on the user's row.", aRule, false},
	},
}

var sessionShape = &shape{
	name: "a session",
	doc:  "A kind of session.",
	fields: []field{
		{"login", "The role that connects, or $tenant.column.", aText, true},
		{"role", "The role of SET ROLE, or $tenant.column.", aText, false},
		{"user", "Where $user comes from: a table, or table and where.", either(aText, of(userShape)), false},
		{"settings", "Settings that bind the session, by name; $tenant and $user.column are replaced.", mapOf(aScalar), false},
		{"claims", "JWT claims: request.jwt.claims as JSON, and request.jwt.claim.* one by one. Values and keys may be variables.", mapOf(aClaim), false},
		{"tenants", "A SELECT of one column: the tenants of a session of several.", aText, false},
		{"bind", "local: set in each transaction; session: SET once per checkout, before its transactions; first: SET once per checkout, in its first transaction, so that a ROLLBACK takes it back. Defaults to local.", one(binds...), false},
		{"release", "What the pool does when a connection comes back: none, DISCARD ALL, or SQL. Defaults to none.", aText, false},
		{"via", "The pooler that it connects through, as host:port, such as PgBouncer; it must lead to every database of the server.", aText, false},
		{"sees", "What may be read: a rule, or rules by table.", either(aRule, mapOf(seesForm)), false},
		{"writes", "What may be changed: a rule, or rules by table.", either(aRule, mapOf(writesForm)), false},
	},
}

// aClaim is any JSON value.
func aClaim() *jsonschema.Schema { return &jsonschema.Schema{} }

var pathShape = &shape{
	name: "a path",
	doc:  "A way to the data other than a table: SQL (run) or a program (command).",
	fields: []field{
		{"kind", "What it is, " + oneOf("", kinds) + ".", one(kinds...), true},
		{"as", "The sessions that use it.", texts, true},
		{"run", "SQL with $1… for args and $tenant, $user for the session's; a list is one transaction each.", texts, false},
		{"command", "A program and its arguments.", scalars, false},
		{"go", "A Go function that a test hands over by this name, in props.Config.Paths.", aText, false},
		{"args", "For $1…: columns table.column to draw from, $tenant or $user.column, or constants. Defaults to $tenant.", scalars, false},
		{"env", "Environment variables; $dsn is the connection string.", mapOf(aScalar), false},
		{"output", "Files that it leaves, read like its output.", texts, false},
		{"convert", "Filters for formats that hide text, by file ending.", mapOf(aText), false},
		{"wildcards", "refused: %, _, '' and NULL must fail or return nothing.", one("refused"), false},
		{"without_tenant", "fails: without a tenant it must fail. Defaults to fails for job, webhook and export.", one("fails", "runs"), false},
		{"audit", "The log entry that each use must leave.", of(auditShape), false},
		{"enqueue", "What puts work into the queue, apart from the run.", of(enqueueShape), false},
		{"sees", "What its output may depend on; overrides the session's.", either(aRule, mapOf(seesForm)), false},
		{"writes", "What it may change; overrides the session's.", either(aRule, mapOf(writesForm)), false},
	},
	also: func() []*jsonschema.Schema { return []*jsonschema.Schema{oneKey("run", "command", "go")} },
}

var auditShape = &shape{
	name: "audit",
	doc:  "A row of a log, one for each use.",
	fields: []field{
		{"table", "The log's table.", aText, true},
		{"where", "Which of its rows are about this path.", aRule, false},
		{"tenant", "Its column of the tenant.", aText, false},
		{"actor", "Its column of the user.", aText, false},
		{"at", "Its column of the time.", aText, false},
		{"when", "An argument, $1…: an entry is due only when it is given. Or rows: only when the call gives some.", aText, false},
		{"require", "Columns that must not be empty.", texts, false},
	},
}

var enqueueShape = &shape{
	name: "enqueue",
	doc:  "A statement of another session, before the run.",
	fields: []field{
		{"as", "The session.", aText, true},
		{"run", "SQL.", texts, true},
	},
}

var serviceShape = &shape{
	name: "a service",
	doc:  "A long-running program of the application.",
	fields: []field{
		{"name", "What messages call it. Defaults to the program's name.", aText, false},
		{"login", "The role that it connects as. Defaults to the first session's login.", aText, false},
		{"command", "The program and its arguments; $port is a port that only it has.", scalars, true},
		{"env", "Environment variables; $dsn is the connection string, $port the port.", mapOf(aScalar), false},
		{"ready", "How to see that it is ready: tcp $port, http URL, or run COMMAND.", pattern(`^((tcp|http|run)\s+\S|https?://)`), false},
	},
}

var acceptShape = &shape{
	name: "an exception",
	doc:  "Findings that are intended, or a cell that may stay untested.",
	fields: []field{
		{"path", "Of this path.", aText, false},
		{"table", "Of this table.", aText, false},
		{"session", "Of this session.", aText, false},
		{"command", "Of this command.", one("select", "insert", "update", "delete"), false},
		{"class", "Of this class.", one(classes...), false},
		{"untested", "What may stay untested: its name in the report.", aText, false},
		{"key", "One finding, by the start of its key.", aScalar, false},
		{"reason", "Why it is intended.", aText, true},
		{"link", "Where it was decided.", aText, false},
	},
	also: func() []*jsonschema.Schema {
		return []*jsonschema.Schema{anyOf("path", "table", "session", "command", "class", "untested", "key")}
	},
}
