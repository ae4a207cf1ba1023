package payload_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsfuzz/rlsfuzz/model/payload"
)

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       *payload.Shape
	}{
		{"nothing", "INSERT INTO log (body) VALUES (doc)", nil},
		{"an object", "UPDATE notes SET title = doc ->> 'Title' WHERE id = (doc ->> 'id')::int", &payload.Shape{
			Fields: []payload.Field{{Key: "Title", Beside: []string{"title"}}, {Key: "id", Beside: []string{"id"}, Compared: true}},
		}},
		{"by its number", "SELECT * FROM notes n WHERE n.title ILIKE '%' || ($1 -> 'q') || '%' OR ($2 ->> 'r') = n.title", &payload.Shape{
			Fields: []payload.Field{{Key: "q"}},
		}},
		{"the other way round", "SELECT * FROM notes n WHERE (doc ->> 'id')::int = n.id", &payload.Shape{
			Fields: []payload.Field{{Key: "id", Beside: []string{"id"}, Compared: true}},
		}},
		{"a record", `SELECT * FROM jsonb_to_record(doc) AS r(id int, "Total" numeric(8, 2)), notes n WHERE n.id = r.id`, &payload.Shape{
			Content: &payload.Content{Fields: []payload.Field{{Key: "id", Beside: []string{"id"}, Compared: true}, {Key: "Total"}}},
		}},
		{"records", "UPDATE notes n SET title = r.title FROM json_to_recordset(doc) r(id int, title text) WHERE n.id = r.id", &payload.Shape{
			Content: &payload.Content{List: true, Fields: []payload.Field{{Key: "id", Beside: []string{"id"}, Compared: true}, {Key: "title", Beside: []string{"title"}}}},
		}},
		{"elements under a key", "SELECT e ->> 'id' FROM jsonb_array_elements(doc -> 'items') e WHERE doc ->> 'kind' = 'x'", &payload.Shape{
			Fields:  []payload.Field{{Key: "kind"}},
			Content: &payload.Content{Key: "items", List: true, Fields: []payload.Field{{Key: "id"}}},
		}},
		{"an object in one", "SELECT doc -> 'user' ->> 'id'", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, payload.Read(test.text, "doc", 1)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
