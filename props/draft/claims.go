package draft

import (
	"encoding/json"
	"strings"
)

// claims is the value of a claim: text, a list of one, or claims inside.
type claims struct {
	value string
	many  bool
	names []string
	in    map[string]*claims
}

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
