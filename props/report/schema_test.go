package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/rlsfuzz/rlsfuzz/props/report"
)

var update = flag.Bool("update", false, "write schema.json anew")

// TestSchema keeps the file that describes --json the same as what is written.
func TestSchema(t *testing.T) {
	s, err := jsonschema.For[report.Document](nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "The report of rlsfuzz"
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(want, report.Schema()) {
		t.Errorf("schema.json is not what is written; go test -run TestSchema -update, and look at what changed (-file +code)\n%s",
			cmp.Diff(string(report.Schema()), string(want)))
	}
}
