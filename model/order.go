package model

// LoadOrder lists the tables so that a foreign key's target comes before the table
// that refers to it. cyclic reports that some foreign keys allow no such order.
func (s *Schema) LoadOrder() (order []*Table, cyclic bool) {
	done := make([]bool, len(s.Tables))
	for len(order) < len(s.Tables) {
		next := s.ready(done)
		if next == nil {
			cyclic = true
			for i, t := range s.Tables {
				if !done[i] {
					next = t
					break
				}
			}
		}
		done[next.ID] = true
		order = append(order, next)
	}
	return order, cyclic
}

func (s *Schema) ready(done []bool) *Table {
	for i, t := range s.Tables {
		if done[i] {
			continue
		}
		free := true
		for j := range t.ForeignKeys {
			target := t.ForeignKeys[j].Target
			free = free && (target == nil || target == t || done[target.ID])
		}
		if free {
			return t
		}
	}
	return nil
}
