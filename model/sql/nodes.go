package sql

import "reflect"

// nodes walks the grammar's nodes, by reflection as there are hundreds of types. meet gets a
// pointer to each; it reports whether the inside is of no interest.
func nodes(v reflect.Value, meet func(p reflect.Value) (done bool)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Kind() == reflect.Pointer && meet(v) {
			return
		}
		nodes(v.Elem(), meet)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			nodes(v.Index(i), meet)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				nodes(v.Field(i), meet)
			}
		}
	}
}

// nameList is the strings of a list of names.
func nameList(v reflect.Value) []string {
	var out []string
	nodes(v, func(p reflect.Value) bool {
		s := p.Elem().FieldByName("Sval")
		if s.IsValid() {
			out = append(out, s.String())
		}
		return s.IsValid()
	})
	return out
}
