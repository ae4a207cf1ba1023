package sql

// Arguments is the texts of a call's arguments; tokens are those after its opening bracket.
func Arguments(text string, tokens []Token) []string {
	var out []string
	depth, start := 0, -1
	for _, t := range tokens {
		bracket := t.Kind == Sign
		switch {
		case bracket && depth == 0 && (t.Text == ")" || t.Text == ","):
			if start >= 0 {
				out = append(out, text[start:t.Start])
			}
			if start = -1; t.Text == ")" {
				return out
			}
			continue
		case bracket && (t.Text == "(" || t.Text == "["):
			depth++
		case bracket && (t.Text == ")" || t.Text == "]"):
			depth--
		}
		if start < 0 {
			start = t.Start
		}
	}
	return nil
}
