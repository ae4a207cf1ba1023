package model

// Without is the rows of a list that another one lacks, in their order. A row that is there twice has
// to be in the other list twice.
func Without(rows, others []Row) []Row {
	count := map[string]int{}
	for _, row := range others {
		count[string(AppendRecord(nil, row, nil))]++
	}
	var out []Row
	for _, row := range rows {
		if record := string(AppendRecord(nil, row, nil)); count[record] > 0 {
			count[record]--
		} else {
			out = append(out, row)
		}
	}
	return out
}
