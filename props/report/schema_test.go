package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/rlsfuzz/rlsfuzz/props/report"
)

// validator reads a JSON Schema.
func validator(t *testing.T, text []byte) *jsonschema.Resolved {
	t.Helper()
	s := &jsonschema.Schema{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// decoded is a JSON text as a schema judges it.
func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

func written(t *testing.T, d *report.Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := d.JSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestSchema judges a document in which every field has a value, and one of a run.
func TestSchema(t *testing.T) {
	v := validator(t, report.Schema())
	whole := decoded(t, written(t, full()))
	if err := v.Validate(whole); err != nil {
		t.Error(err)
	}
	whole.(map[string]any)["surprise"] = 1
	if err := v.Validate(whole); err == nil {
		t.Error("the schema takes a key that no document has")
	}
	if err := v.Validate(decoded(t, written(t, leaky(t).document))); err != nil {
		t.Error(err)
	}
}

// TestSchemaDescribes finds each property of the schema in a document, and a sentence
// that describes it.
func TestSchemaDescribes(t *testing.T) {
	s := &jsonschema.Schema{}
	if err := json.Unmarshal(report.Schema(), s); err != nil {
		t.Fatal(err)
	}
	text := string(written(t, full()))
	s.Defs["document"] = &jsonschema.Schema{Properties: s.Properties}
	for name, d := range s.Defs {
		for key, p := range d.Properties {
			if !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s.%s has no description", name, key)
			}
			if !strings.Contains(text, `"`+key+`": `) {
				t.Errorf("no document has %s.%s", name, key)
			}
		}
	}
}

// TestSARIF judges the log by the schema of OASIS, which is of an older draft: a name of
// one keyword is all that it differs by.
func TestSARIF(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("http://json-schema.org/draft-04/schema#"), []byte("http://json-schema.org/draft-07/schema#"), 1)
	text = bytes.Replace(text, []byte(`"id": "https://docs.oasis-open.org`), []byte(`"$id": "https://docs.oasis-open.org`), 1)
	v := validator(t, text)
	for name, d := range map[string]*report.Document{"full": full(), "run": leaky(t).document} {
		var b bytes.Buffer
		if err := d.SARIF(&b); err != nil {
			t.Fatal(err)
		}
		log := decoded(t, b.Bytes())
		if err := v.Validate(log); err != nil {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
		log.(map[string]any)["version"] = "2.0.0"
		if err := v.Validate(log); err == nil {
			t.Errorf("%s: the schema takes another version", name)
		}
	}
}

// TestSARIFPlaces finds a result at the policy that carries it, and the contract beside it.
func TestSARIFPlaces(t *testing.T) {
	r := leaky(t)
	var b bytes.Buffer
	if err := r.document.SARIF(&b); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Results []struct {
				RuleID                      string
				Locations, RelatedLocations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	got := log.Runs[0].Results[0]
	if got.RuleID != "read" || len(got.Locations) != 1 || len(got.RelatedLocations) != 1 {
		t.Fatalf("%+v", got)
	}
	for _, p := range []struct {
		uri  string
		line int
		file string
		want int
	}{
		{got.Locations[0].PhysicalLocation.ArtifactLocation.URI, got.Locations[0].PhysicalLocation.Region.StartLine, "schema.sql", 9},
		{got.RelatedLocations[0].PhysicalLocation.ArtifactLocation.URI, got.RelatedLocations[0].PhysicalLocation.Region.StartLine, "rlsfuzz.yaml", 7},
	} {
		if !strings.HasSuffix(p.uri, "/"+p.file) || p.line != p.want {
			t.Errorf("%s:%d, want %s:%d", p.uri, p.line, p.file, p.want)
		}
	}
}
