package inventory

// The kinds of ways that are neither objects of the catalog nor paths of the contract.
const (
	roleKind      = "role"
	statementKind = "statement"
)

// Way is one way into tenant data: a row of the inventory.
type Way struct {
	ID    string `json:"id"`   // "table tickets", "function search_customers", "path ticket export"
	Kind  string `json:"kind"` // a Kind's name such as table, a path's kind such as export, role, or statement
	Name  string `json:"name"`
	Start Start  `json:"start"`
	Users []User `json:"users"`
	// Touches is the IDs of the objects that it reaches, in the order of a walk.
	Touches []string `json:"touches"`
	// Uncertain is why Touches may lack something; empty when it is known.
	Uncertain string   `json:"uncertain,omitempty"`
	Policies  []string `json:"policies"` // that apply to a user somewhere on the way, as table: policy
	Bypass    []string `json:"bypass"`   // why row security does not hold, with the tables; empty when it does
	Reach     Spread   `json:"reach"`    // of the user who reaches most
	Mark      Mark     `json:"mark,omitempty"`
	Cells     int      `json:"cells"`           // of the matrix that a check walks
	Tested    int      `json:"tested"`          // of these, in the last check
	Gap       string   `json:"gap,omitempty"`   // why a role or a statement is not covered; empty for others
	Calls     int      `json:"calls,omitempty"` // of a statement
	Text      string   `json:"text,omitempty"`  // of a statement
	Line      int      `json:"line,omitempty"`  // of the file that has the statement
}

// User is a session that may use a way, or a role without a session.
type User struct {
	Session string   `json:"session,omitempty"` // empty for a role that no session is
	Role    string   `json:"role"`              // that it acts as
	RunsAs  []string `json:"runs_as"`           // roles whose rights count on the way
	Bypass  []string `json:"bypass"`
	Reach   Spread   `json:"reach"`
	Rule    string   `json:"rule"` // of the contract
}

// Start is what starts a way.
type Start string

// What starts a way.
const (
	BySession     Start = "session"
	ByJob         Start = "job"
	ByWebhook     Start = "webhook"
	ByCatalog     Start = "catalog"     // anybody with the privilege: the contract does not name it
	ByApplication Start = "application" // it was seen in the statements
)

// Inventory is the list of all ways, with what the last check tested of them.
type Inventory struct {
	Contract  string    `json:"contract"`
	Last      *Coverage `json:"-"`
	Ways      []Way     `json:"ways"`
	Unreached []string  `json:"unreached"` // relations and routines that no session may use
	Notes     []string  `json:"notes"`
}

// Options says what goes into an inventory.
type Options struct {
	// Path is the contract's, for people.
	Path string
	// Skip names schemas that are a preset's own: they are touched, but are no ways.
	Skip []string
	// Last is the last check; nil when there was none.
	Last *Coverage
	// Statements are what an application was seen to run.
	Statements []Statement
}
