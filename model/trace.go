package model

// Trace is what happened when a scenario ran carefully: each statement by itself,
// everything read again after it.
type Trace struct {
	Initial [][]Row // by Table.ID, before the first step
	Steps   []StepTrace
}

// StepTrace is what happened in one step.
type StepTrace struct {
	Err      *Failure // nil: the statement succeeded
	Count    int      // of the command tag
	Rows     []Row    // returned
	Expected []Row    // what the query returns over the rows that the rules allow; for the forms that the model does not evaluate
	Asked    bool     // Expected is known; it may be empty
	Notices  []string
	// Began and Ended are the server's clock around a call that must leave an entry with a
	// time; empty elsewhere.
	Began, Ended string
	Output       *Output // of a call of a path; nil for other operations
	After        [][]Row // by Table.ID: every row, read by a superuser
	Seen         []Seen  // what the session sees of each table after the step
	Answers      Answers // of rules that only Postgres can evaluate, before the step
	Later        Answers // and after it
	// Tenants is those of a session of several before the step, where only Postgres can tell them; nil
	// elsewhere.
	Tenants []string
}

// Seen is what a session reads from one table.
type Seen struct {
	Table   int
	Columns []bool // that were read; nil means all
	Err     *Failure
	Rows    []string // record texts of the columns
}

// Failure is an error of Postgres, without what differs between runs.
type Failure struct {
	Code, Message, Detail, Hint string
	Constraint, Table, Column   string // that it names; of a table its label
}

// InsufficientPrivilege is the SQLSTATE with which row security or a privilege refuses a statement:
// the only one that is a denial.
const InsufficientPrivilege = "42501"

// Denied reports whether row security or a privilege refused the statement.
func (f *Failure) Denied() bool { return f != nil && f.Code == InsufficientPrivilege }

// Text is everything of the failure that a session receives.
func (f *Failure) Text() string {
	return f.Message + "\n" + f.Detail + "\n" + f.Hint
}

// Answers tells for which rows a rule holds, by the rows' record texts.
type Answers map[*Rule]map[string]bool

// Holds looks up an answer. known is false when the row was not there to be asked about.
func (a Answers) Holds(r *Rule, row Row) (holds, known bool) {
	rows, ok := a[r]
	if !ok {
		return false, false
	}
	holds, known = rows[string(AppendRecord(nil, row, nil))]
	return holds, known
}
