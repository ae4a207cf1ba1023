package draft

import (
	"encoding/json"
	"strings"
)

// claims is the value of a claim: a text, a list of one text, or an object of claims.
type claims struct {
	value string
	many  bool               // it is a list
	names []string           // of the object's claims, in their order
	in    map[string]*claims // the object's claims by name; nil for a text or a list
}

// set gives a value to the claim at a path below this one; many makes it a list of one.
func (c *claims) set(path []string, value string, many bool) {
	if len(path) == 0 {
		c.value, c.many = value, many
		return
	}
	if c.in == nil {
		c.in = map[string]*claims{}
	}
	if c.in[path[0]] == nil {
		c.in[path[0]] = &claims{}
		c.names = append(c.names, path[0])
	}
	c.in[path[0]].set(path[1:], value, many)
}

// yaml is the claims as a contract writes them.
func (c *claims) yaml() string {
	if c.in == nil {
		if c.many {
			return "[" + scalar(c.value) + "]"
		}
		if c.value == late {
			return late // a number
		}
		return scalar(c.value)
	}
	var parts []string
	for _, name := range c.names {
		parts = append(parts, scalar(name)+": "+c.in[name].yaml())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// json is the claims as JSON.
func (c *claims) json() string {
	b, err := json.Marshal(c.tree())
	if err != nil {
		return "{}" // maps of strings always encode
	}
	return string(b)
}

// tree is the claims as encoding/json takes them.
func (c *claims) tree() any {
	switch {
	case c.in == nil && c.many:
		return []string{c.value}
	case c.in == nil:
		return c.value
	}
	out := map[string]any{}
	for name, in := range c.in {
		out[name] = in.tree()
	}
	return out
}
