package report

import (
	"encoding/xml"
	"fmt"
	"io"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Time     string       `xml:"time,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr,omitempty"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property,omitempty"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Skipped *junitMessage `xml:"skipped"`
	Error   *junitMessage `xml:"error"`
	Failure *junitMessage `xml:"failure"`
}

type junitMessage struct {
	Type    string `xml:"type,attr,omitempty"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the document as JUnit XML: a suite for each session, a test case for each
// of its cells. A cell fails where it has a finding, and is skipped where it was not
// tested; what only a fault of rlsfuzz explains is an error, and so is a search that broke off.
func (d *Document) JUnit(w io.Writer) error {
	j := junit{d: d, at: map[string]int{}, cases: map[cellName][2]int{}}
	j.matrix()
	for i := range d.Findings {
		e := &d.Findings[i]
		for k, c := range e.cells() {
			j.fail(c, e, k > 0)
		}
	}
	for i := range d.Unconfirmed {
		l := &d.Unconfirmed[i]
		s := j.suite("unconfirmed")
		s.Cases = append(s.Cases, junitCase{Class: "unconfirmed", Name: l.Cell, Error: &junitMessage{Type: l.Class, Message: l.Reason}})
	}
	if d.BrokeOff != "" {
		s := j.suite("rlsfuzz")
		s.Cases = append(s.Cases, junitCase{Class: "rlsfuzz", Name: "the search", Error: &junitMessage{Type: "broke off", Message: d.BrokeOff}})
	}
	out := junitSuites{Name: "rlsfuzz", Time: fmt.Sprintf("%.3f", d.ElapsedS)}
	for i := range j.suites {
		s := &j.suites[i]
		s.count()
		out.Tests, out.Failures, out.Errors = out.Tests+s.Tests, out.Failures+s.Failures, out.Errors+s.Errors
	}
	if len(j.suites) > 0 {
		first := &j.suites[0]
		first.Time = out.Time
		for _, p := range d.facts() {
			first.Properties = append(first.Properties, junitProperty(p))
		}
	}
	out.Suites = j.suites
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junit is suites under construction.
type junit struct {
	d      *Document
	suites []junitSuite
	at     map[string]int      // suites by session
	cases  map[cellName][2]int // suite and case of each cell
}

// suite is the suite of a session, which is made if it is missing.
func (j *junit) suite(name string) *junitSuite {
	i, ok := j.at[name]
	if !ok {
		i = len(j.suites)
		j.at[name] = i
		j.suites = append(j.suites, junitSuite{Name: name, Timestamp: j.d.At})
	}
	return &j.suites[i]
}

// add is the test case of a cell, which is made if it is missing.
func (j *junit) add(c cellName) *junitCase {
	if at, ok := j.cases[c]; ok {
		return &j.suites[at[0]].Cases[at[1]]
	}
	s := j.suite(c.session)
	j.cases[c] = [2]int{j.at[c.session], len(s.Cases)}
	s.Cases = append(s.Cases, junitCase{Class: c.session, Name: c.command + " " + c.table})
	return &s.Cases[len(s.Cases)-1]
}

// matrix makes the test cases of all cells, and skips those that were not tested.
func (j *junit) matrix() {
	for i := range j.d.Matrix {
		c := &j.d.Matrix[i]
		j.add(cellName{c.Session, c.Object, c.Command})
	}
	for i := range j.d.Untested {
		u := &j.d.Untested[i]
		session := u.Session
		if session == "" {
			session = "contract"
		}
		test := j.add(cellName{session, u.Object, u.Command})
		test.Skipped = &junitMessage{Message: u.Reason}
		if u.Accepted != "" {
			test.Skipped.Message = "accepted: " + u.Accepted
		}
	}
}

// fail puts a finding into the test case of a cell. like says that the cell is one of those with
// the same cause, not that of the case itself.
func (j *junit) fail(c cellName, e *Entry, like bool) {
	test := j.add(c)
	if test.Failure != nil {
		test.Failure.Text += "\n" + e.headline() + "\n" + e.plain()
		return
	}
	test.Skipped = nil
	test.Failure = &junitMessage{Type: e.Class, Message: e.what(), Text: e.headline() + "\n" + e.plain()}
	if like {
		test.Failure = &junitMessage{Type: e.Class, Message: "the same cause as " + e.headline(), Text: e.Cause}
	}
}

// count fills the numbers of a suite.
func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for i := range s.Cases {
		switch c := &s.Cases[i]; {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}
