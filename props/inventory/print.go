package inventory

import (
	"encoding/json"
	"fmt"

	"github.com/rlsfuzz/rlsfuzz/model"
)

// Prints is the hash of each object, each role and each path of the contract, by ID.
func Prints(c *model.Contract, cat *Catalog) map[string]string {
	out := map[string]string{}
	for _, o := range cat.Objects {
		out[o.ID()] = o.Print
	}
	for _, r := range cat.concerned(c) {
		out[roleID(r.Name)] = r.Print
	}
	for _, p := range c.Paths {
		if id := cat.PathID(p); out[id] == "" && !p.Asked() { // its view or table is there
			out[id] = pathPrint(p)
		}
	}
	return out
}

func roleID(name string) string { return "role " + name }

// PathID names a path among all ways. One that stands for an object of the catalog has
// that object's name.
func (c *Catalog) PathID(p *model.Path) string {
	if c.byID(p.Name) != nil {
		return p.Name
	}
	return "path " + p.Name
}

// byID finds an object; nil when there is none.
func (c *Catalog) byID(id string) *Object {
	for _, o := range c.Objects {
		if o.ID() == id {
			return o
		}
	}
	return nil
}

// pathPrint hashes what a path runs.
func pathPrint(p *model.Path) string {
	text, err := json.Marshal([]any{p.Kind, p.As, p.Run, p.Command, p.Args, p.Env, p.Output, p.Convert, p.Wildcards, p.MustFail})
	if err != nil {
		panic(fmt.Sprintf("inventory: a path: %v", err)) // it is plain values
	}
	return fingerprint(string(text))
}
