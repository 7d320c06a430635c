package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"

	"signpost/shared/installation"
)

// attribute is an attribute value, of the types that are read here.
type attribute struct {
	S string `json:",omitempty"`
	N string `json:",omitempty"`
}

func (a attribute) number() int64 {
	n, _ := strconv.ParseInt(a.N, 10, 64) // 0 if there is none
	return n
}

// query lists the keys of a shard; nothing is ever due in it.
func (t *Table) query(body []byte) ([]byte, error) {
	var r struct {
		IndexName                 string
		Limit                     int
		ExpressionAttributeValues map[string]attribute
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	switch r.IndexName {
	case "due":
		return []byte(`{"Count":0,"ScannedCount":0,"Items":[]}`), nil
	case "shards":
		shard, after := r.ExpressionAttributeValues[":shard"].number(), r.ExpressionAttributeValues[":pk"].S
		return t.keys(int(shard), after, r.Limit), nil
	}
	return nil, errors.New("the stand-in supports queries of the two indexes only")
}

// keys lists up to limit keys of a shard after the given one.
func (t *Table) keys(shard int, after string, limit int) []byte {
	t.mu.Lock()
	rows := t.shards[shard]
	t.mu.Unlock()
	from := sort.Search(len(rows), func(n int) bool { return "org#"+keyOf(int(rows[n])).Text() > after })
	page := rows[from:min(from+limit, len(rows))]
	items := make([]string, len(page))
	for n, row := range page {
		items[n] = fmt.Sprintf(`{"pk":{"S":"org#%s"},"sk":{"S":"installation"},"shard":{"N":"%d"}}`, keyOf(int(row)).Text(), shard)
	}
	out := fmt.Appendf(nil, `{"Count":%d,"ScannedCount":%d,"Items":[%s]`, len(page), len(page), strings.Join(items, ","))
	if from+len(page) < len(rows) {
		out = fmt.Appendf(out, `,"LastEvaluatedKey":%s`, items[len(items)-1])
	}
	return append(out, '}')
}

func (t *Table) batch(body []byte) ([]byte, error) {
	var r struct {
		RequestItems map[string]struct {
			Keys []map[string]attribute
		}
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	for table, wanted := range r.RequestItems {
		var items []string
		for _, key := range wanted.Keys {
			item, err := t.item(key["pk"].S)
			if err != nil {
				return nil, err
			}
			if item != "" {
				items = append(items, item)
			}
		}
		return fmt.Appendf(nil, `{"Responses":{%q:[%s]},"UnprocessedKeys":{}}`, table, strings.Join(items, ",")), nil
	}
	return nil, errors.New("an empty batch")
}

// item returns a row, "" for a pass that was not written.
func (t *Table) item(pk string) (string, error) {
	if strings.HasPrefix(pk, "pass#") {
		t.mu.Lock()
		defer t.mu.Unlock()
		return string(t.passes[pk].item), nil
	}
	token, err := t.sealed(installation.ParseKey(strings.TrimPrefix(pk, "org#")))
	return fmt.Sprintf(`{%s"pk":{"S":"%s"},"accessToken":{"B":"%s"}}`, t.sample, pk, token), err
}

// save writes a pass if its version is the one that was read. The first row that is
// written becomes the sample.
func (t *Table) save(body []byte) ([]byte, error) {
	var r struct {
		Item                      json.RawMessage
		ExpressionAttributeValues map[string]attribute
	}
	var row struct{ PK, Version attribute }
	if t.sample == "" {
		return t.saveSample(body)
	}
	if err := errors.Join(json.Unmarshal(body, &r), json.Unmarshal(r.Item, &row)); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(row.PK.S, "pass#") {
		return nil, errors.New("the stand-in's installations are in order and must not be written")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.passes[row.PK.S].version != r.ExpressionAttributeValues[":version"].number() {
		return nil, conditionError{}
	}
	t.passes[row.PK.S] = pass{row.Version.number(), r.Item}
	return []byte("{}"), nil
}

func (t *Table) saveSample(body []byte) ([]byte, error) {
	var r struct{ Item map[string]json.RawMessage }
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	var sample strings.Builder
	for name, value := range r.Item {
		if name != "pk" && name != "accessToken" {
			fmt.Fprintf(&sample, "%q:%s,", name, value)
		}
	}
	t.sample = sample.String()
	return []byte("{}"), nil
}
