//go:build linux || darwin || freebsd

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"
)

// workflow is what of the README's recipe can run here.
type workflow struct {
	Jobs map[string]struct {
		Steps []struct {
			Uses, Run, If string
			With          map[string]string
		}
	}
}

// TestRecipe finds the workflow in the README as it lies in its file.
func TestRecipe(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", ".ci", "workflow.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```yaml\n"+string(text)+"```\n") {
		t.Error("the README's workflow is not that of .ci/workflow.yml")
	}
}

// recipe runs what the README's workflow runs of rlsfuzz, which must end with a status, and
// looks for all that it uploads; with flags that make it short: recipe 1 workflow.yml --checks 100.
func recipe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: recipe STATUS WORKFLOW FLAG…")
	}
	var w workflow
	ts.Check(yaml.Unmarshal([]byte(ts.ReadFile(args[1])), &w))
	ran, uploads := 0, 0
	for _, job := range w.Jobs {
		for _, step := range job.Steps {
			if words := strings.Fields(step.Run); len(words) > 0 && words[0] == "rlsfuzz" {
				mustEnd(ts, false, slices.Concat(args[:1], words, args[2:]))
				ran++
			}
			if step.If == "" { // what goes before
				continue
			}
			for _, name := range strings.Fields(step.With["sarif_file"] + "\n" + step.With["path"]) {
				if info, err := os.Stat(ts.MkAbs(name)); err != nil || info.Size() == 0 {
					ts.Fatalf("%s uploads %s, which is not there: %v", step.Uses, name, err)
				}
				uploads++
			}
		}
	}
	if ran != 1 || uploads < 3 {
		ts.Fatalf("%d commands ran, %d files are uploaded", ran, uploads)
	}
}
