package report

import (
	"io"
	"net/url"
	"path/filepath"

	"github.com/rlsfuzz/rlsfuzz/props"
)

// The parts of SARIF 2.1.0 that a run fills.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Name  string    `json:"name"`
		Short sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool        `json:"executionSuccessful"`
		EndTimeUTC    string      `json:"endTimeUtc,omitempty"`
		Notifications []sarifNote `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNote struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations,omitempty"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]any     `json:"properties,omitempty"`
	}
	sarifLocation struct {
		ID       *int          `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		Line int `json:"startLine"`
		Col  int `json:"startColumn,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
)

// classes says of each class what was found, as the README's table does.
var classes = []struct{ name, wrong string }{
	{"open", "A session without a tenant sees or changes what its rules forbid."},
	{"residue", "What one session left on a connection reaches the next."},
	{"move", "A row changed tenant against the rules."},
	{"write", "A row was added, changed or removed that the session may not touch."},
	{"read", "A table returned rows or columns that the contract does not allow."},
	{"interference", "What a path returned follows from rows that the session may not see."},
	{"canary", "Bytes of a hidden row reached the session in any other way."},
	{"audit", "A use of a path left no log entry, or one of the wrong tenant, actor or time."},
	{"lockout", "An allowed row is missing, or an allowed write is refused."},
	{"existence", "A unique or foreign key told of a hidden row."},
}

// SARIF writes the document as SARIF 2.1.0. A result is located at the statement that
// carries it, where a file has that, with the contract's entry beside it; else in the
// contract.
func (d *Document) SARIF(w io.Writer) error {
	run := sarifRun{
		Tool:    sarifTool{sarifDriver{Name: "rlsfuzz", InformationURI: "https://github.com/rlsfuzz/rlsfuzz"}},
		Results: []sarifResult{}, ColumnKind: "unicodeCodePoints",
		Invocations: []sarifInvocation{{Successful: d.BrokeOff == "", EndTimeUTC: d.At}},
	}
	for _, c := range classes {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: c.name, Name: c.name, Short: sarifText{c.wrong}})
	}
	for i := range d.Findings {
		run.Results = append(run.Results, result(&d.Findings[i], "error"))
	}
	for i := range d.Existence {
		run.Results = append(run.Results, result(&d.Existence[i], "note"))
	}
	for i := range d.Accepted {
		r := result(&d.Accepted[i], "error")
		r.Suppressions = []sarifSuppression{{Kind: "external", Justification: d.Accepted[i].Reason}}
		run.Results = append(run.Results, r)
	}
	if d.BrokeOff != "" {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNote{"error", sarifText{"the search broke off: " + d.BrokeOff}})
	}
	for _, n := range d.Notes {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNote{"note", sarifText{n}})
	}
	return encode(w, sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

// result is an entry as a result of SARIF.
func result(e *Entry, level string) sarifResult {
	r := sarifResult{
		RuleID: e.Class, Level: level, Message: sarifText{e.headline() + "\n" + e.plain()},
		Fingerprints: map[string]string{"rlsfuzz/v1": e.Key},
		Properties:   map[string]any{"scope": e.Scope, "session": e.Session, "object": e.Object(), "command": e.Command},
	}
	for i, c := range classes {
		if c.name == e.Class {
			r.RuleIndex = i
		}
	}
	for i, p := range e.Places {
		l := located(p)
		if i == 0 {
			r.Locations = append(r.Locations, l)
			continue
		}
		l.ID, l.Message = &i, &sarifText{p.Of}
		r.Related = append(r.Related, l)
	}
	return r
}

// located is a place as SARIF has it: a path below the working folder is relative to the
// root of the sources, another one is absolute.
func located(p props.Place) sarifLocation {
	a := sarifArtifact{}
	if name := within(p.File); filepath.IsAbs(name) {
		a.URI = (&url.URL{Scheme: "file", Path: filepath.ToSlash(name)}).String()
	} else {
		a.URI, a.Base = (&url.URL{Path: filepath.ToSlash(name)}).String(), "%SRCROOT%"
	}
	return sarifLocation{Physical: sarifPhysical{Artifact: a, Region: sarifRegion{p.Line, p.Col}}}
}
