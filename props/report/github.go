package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model/noun"
)

// Annotated prints a text so that GitHub Actions takes nothing in it for a command, such
// as a value of a row, and after it an annotation for each finding.
func (d *Document) Annotated(w io.Writer, text func() error) error {
	stop := "rlsfuzz-" + rand.Text()
	_, err := fmt.Fprintf(w, "::stop-commands::%s\n", stop)
	err = errors.Join(err, text())
	_, again := fmt.Fprintf(w, "::%s::\n", stop)
	return errors.Join(err, again, d.Annotations(w))
}

// Annotations writes the workflow commands of GitHub Actions that put each finding at its
// line, an error where the search broke off, and one warning where nothing was found but
// something not tested.
func (d *Document) Annotations(w io.Writer) error {
	var err error
	say := func(kind string, e *Entry, message string) {
		place := ""
		if len(e.Places) > 0 {
			p := e.Places[0]
			place = fmt.Sprintf("file=%s,line=%d,", property(within(p.File)), p.Line)
		}
		_, werr := fmt.Fprintf(w, "::%s %stitle=%s::%s\n", kind, place, property("rlsfuzz: "+e.headline()), data(message))
		err = errors.Join(err, werr)
	}
	for i := range d.Findings {
		say("error", &d.Findings[i], d.Findings[i].plain())
	}
	for i := range d.Existence {
		say("notice", &d.Existence[i], d.Existence[i].what())
	}
	if d.BrokeOff != "" {
		_, werr := fmt.Fprintf(w, "::error title=rlsfuzz::%s\n", data("the search broke off: "+d.BrokeOff))
		err = errors.Join(err, werr)
	}
	if n := d.gaps(); n > 0 {
		_, werr := fmt.Fprintf(w, "::warning title=rlsfuzz::%s\n", data(noun.Count(n, "thing")+" that the contract names: untested, see the report"))
		err = errors.Join(err, werr)
	}
	return err
}

// data is the text of a workflow command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.TrimRight(s, "\n"))
}

// property is the value of a property of a workflow command.
func property(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(s))
}
