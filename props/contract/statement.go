package contract

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/rlsfuzz/rlsfuzz/model"
	"github.com/rlsfuzz/rlsfuzz/model/sql"
)

// transactions takes the SQL of a path apart: each entry of run is a transaction of
// its own, and so is what BEGIN, COMMIT and ROLLBACK divide it into. Its grammar was
// checked before.
func transactions(run []string) []model.Transaction {
	var out []model.Transaction
	for _, text := range run {
		numbered, params := parameters(text)
		found, err := sql.Split(numbered)
		if err != nil {
			continue
		}
		tx := model.Transaction{}
		for _, s := range found {
			switch first := strings.ToUpper(firstWord(s.Text)); first {
			case "BEGIN", "START":
			case "COMMIT", "END":
				out, tx = append(out, tx), model.Transaction{}
			case "ROLLBACK", "ABORT":
				if toSavepoint.MatchString(s.Text) {
					tx.Statements = append(tx.Statements, pathStatement(s.Text, params))
					continue
				}
				tx.Undone = true
				out, tx = append(out, tx), model.Transaction{}
			default:
				tx.Statements = append(tx.Statements, pathStatement(s.Text, params))
			}
		}
		if len(tx.Statements) > 0 {
			out = append(out, tx)
		}
	}
	return out
}

var toSavepoint = regexp.MustCompile(`(?i)\bto\b`)

// parameters replaces the variables of a text by $1, $2, …, one for each variable.
func parameters(text string) (string, []model.PathParam) {
	var b strings.Builder
	var params []model.PathParam
	seen := map[string]int{}
	for _, p := range sqlParts(text) {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		n, ok := seen[p.name]
		if !ok {
			param := model.PathParam{Arg: -1, Var: p.name}
			if k, err := strconv.Atoi(p.name); err == nil {
				param = model.PathParam{Arg: k - 1}
			}
			params = append(params, param)
			n = len(params)
			seen[p.name] = n
		}
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String(), params
}

// pathStatement gives a statement the parameters that it uses, numbered from 1.
func pathStatement(text string, all []model.PathParam) model.PathStatement {
	out := model.PathStatement{}
	var b strings.Builder
	numbers := map[int]int{}
	for _, p := range sqlParts(text) {
		k, err := strconv.Atoi(p.name)
		if err != nil || k < 1 || k > len(all) {
			b.WriteString(p.text + p.source)
			continue
		}
		n, ok := numbers[k]
		if !ok {
			out.Params = append(out.Params, all[k-1])
			n = len(out.Params)
			numbers[k] = n
		}
		b.WriteString("$" + strconv.Itoa(n))
	}
	out.Text = b.String()
	switch strings.ToUpper(firstWord(text)) {
	case "SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UPDATE", "DELETE", "MERGE", "(":
	default:
		out.Bare = true
	}
	return out
}

// firstWord is the first keyword of a statement.
func firstWord(s string) string {
	n := nameEnd(s, 0)
	if n == 0 && s != "" {
		return s[:1]
	}
	return s[:n]
}
