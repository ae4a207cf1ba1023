package script

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Where Sqitch keeps its plan, and beside it what the plan's changes deploy.
const (
	planFile     = "sqitch.plan"
	deployFolder = "deploy"
)

// plan is the files that a plan of Sqitch deploys, in its order.
func (f *finder) plan(path string) ([]string, error) {
	all, err := inPlan(path)
	if err != nil {
		return nil, err
	}
	files, err := below(filepath.Join(filepath.Dir(path), deployFolder), "*.sql")
	f.unplanned(path, files, all)
	return all, err
}

// planned puts files into the order of a plan, without those that it does not name.
func (f *finder) planned(path string, files []string) ([]string, error) {
	all, err := inPlan(path)
	if err != nil {
		return nil, err
	}
	f.unplanned(path, files, all)
	out, _ := parted(all, func(name string) bool { return slices.Contains(files, name) })
	return out, nil
}

// unplanned leaves out the files that a plan does not name.
func (f *finder) unplanned(path string, files, all []string) {
	_, apart := parted(files, func(name string) bool { return slices.Contains(all, name) })
	f.leftOut(apart, "it is not in "+filepath.ToSlash(path))
}

// inPlan is the files of a plan. A change without its file is an error.
func inPlan(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []string
	file := func(name string) string {
		return filepath.Join(filepath.Dir(path), deployFolder, filepath.FromSlash(name)+".sql")
	}
	for _, c := range deployed(string(text)) {
		i := slices.IndexFunc(c.names, func(name string) bool { return exists(file(name)) })
		if i < 0 {
			return nil, fmt.Errorf("%s:%d: there is no file %s/%s.sql of this change", filepath.ToSlash(path), c.line, deployFolder, c.names[len(c.names)-1])
		}
		if one := file(c.names[i]); !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	return out, nil
}

// change is a line of a plan with the names that its file may have.
type change struct {
	line  int // from 1
	names []string
}

// deployed is the changes of a plan. One that was reworked later was renamed then: after a tag that
// stands between both.
func deployed(plan string) []change {
	var out []change
	last := map[string]int{} // index by name
	for n, line := range strings.Split(strings.TrimPrefix(plan, "\ufeff"), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.ContainsAny(words[0][:1], "#%-"):
		case words[0][0] == '@':
			for name, i := range last {
				out[i].names = append([]string{name + words[0]}, out[i].names...)
			}
		default:
			name := strings.TrimPrefix(words[0], "+")
			if name == "" && len(words) > 1 {
				name = words[1]
			}
			if i, again := last[name]; again {
				out[i].names = out[i].names[:max(1, len(out[i].names)-1)] // without its own
			}
			last[name] = len(out)
			out = append(out, change{n + 1, []string{name}})
		}
	}
	for _, i := range last { // of the newest, its own alone
		out[i].names = out[i].names[len(out[i].names)-1:]
	}
	return out
}
