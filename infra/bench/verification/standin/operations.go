package standin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// attribute is an attribute value of the types that are looked at here.
type attribute struct {
	S string `json:",omitempty"`
	N string `json:",omitempty"`
}

func (a attribute) number() int64 {
	n, _ := strconv.ParseInt(a.N, 10, 64) // 0 where there is none
	return n
}

// request is what is looked at of any request.
type request struct {
	IndexName                 string
	Limit                     int
	Select                    string
	Key                       map[string]attribute
	ExclusiveStartKey         map[string]attribute
	ExpressionAttributeValues map[string]attribute
	ReturnValues              string
}

// query lists or counts what is due in a shard.
func (t *Table) query(body []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(body, &r); err != nil || r.IndexName != "due" {
		return nil, errors.New("the stand-in knows queries of the index only")
	}
	shard, now := int(r.ExpressionAttributeValues[":shard"].number()), r.ExpressionAttributeValues[":now"].number()
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := t.shards[shard]
	for t.first[shard] < len(rows) && t.dueAt[rows[t.first[shard]]] > now {
		t.first[shard]++
	}
	from := t.first[shard]
	if start := r.ExclusiveStartKey["pk"].S; start != "" {
		row, err := rowOf(start)
		if err != nil || row >= len(t.place) {
			return nil, errors.New("not a start key")
		}
		from = max(from, int(t.place[row])+1)
	}
	limit := r.Limit
	if limit == 0 {
		limit = len(rows)
	}
	var items bytes.Buffer
	count, last := 0, ""
	for ; from < len(rows) && count < limit; from++ {
		row := int(rows[from])
		if t.dueAt[row] > now {
			continue
		}
		count++
		last = fmt.Sprintf(`{"pk":{"S":"org#%s"},"sk":{"S":"installation"},"shard":{"N":"%d"},"dueAt":{"N":"%d"}}`, keyOf(row), shard, t.dueAt[row])
		if r.Select != "COUNT" {
			if count > 1 {
				items.WriteByte(',')
			}
			items.WriteString(last)
		}
	}
	out := fmt.Appendf(nil, `{"Count":%d,"ScannedCount":%d`, count, count)
	if r.Select != "COUNT" {
		out = fmt.Appendf(out, `,"Items":[%s]`, items.Bytes())
	}
	if from < len(rows) {
		out = fmt.Appendf(out, `,"LastEvaluatedKey":%s`, last)
	}
	return append(out, '}'), nil
}

// claim gives a due row to a worker and returns the row as it then is.
func (t *Table) claim(body []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(body, &r); err != nil || r.ReturnValues != "ALL_NEW" || r.ExpressionAttributeValues[":owner"].S == "" {
		return nil, errors.New("the stand-in knows no update but a claim")
	}
	row, err := rowOf(r.Key["pk"].S)
	if err != nil {
		return nil, err
	}
	until := r.ExpressionAttributeValues[":until"].number()
	t.mu.Lock()
	if t.dueAt[row] > r.ExpressionAttributeValues[":now"].number() {
		t.mu.Unlock()
		return nil, conditionError{}
	}
	t.versions[row]++
	t.dueAt[row] = until
	version := t.versions[row]
	t.mu.Unlock()
	return t.row(row, version, until, r.ExpressionAttributeValues[":owner"].S)
}

// row is a claimed row, as the answer to its claim.
func (t *Table) row(row int, version, until int64, owner string) ([]byte, error) {
	orgKey := keyOf(row)
	token, err := t.sealed(orgKey)
	if err != nil {
		return nil, err
	}
	out := []byte(`{"Attributes":{`)
	for name, value := range t.sample {
		out = fmt.Appendf(out, "%q:%s,", name, value)
	}
	return fmt.Appendf(out, `"pk":{"S":"org#%s"},"version":{"N":"%d"},"dueAt":{"N":"%d"},"workUntil":{"N":"%d"},"workOwner":{"S":%q},"accessToken":{"B":"%s"}}}`,
		orgKey, version, until, until, owner, token), nil
}

// save writes a row if its version is the one that was read. The first is the
// sample.
func (t *Table) save(body []byte) ([]byte, error) {
	var r struct {
		Item struct {
			PK             attribute
			Version, DueAt attribute
		}
		ExpressionAttributeValues map[string]attribute
	}
	if t.sample == nil {
		return t.learn(body)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	row, err := rowOf(r.Item.PK.S)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.versions[row] != r.ExpressionAttributeValues[":version"].number() {
		return nil, conditionError{}
	}
	t.versions[row], t.dueAt[row] = r.Item.Version.number(), r.Item.DueAt.number()
	return []byte("{}"), nil
}

// learn keeps the sample row.
func (t *Table) learn(body []byte) ([]byte, error) {
	var r struct{ Item map[string]json.RawMessage }
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	for _, differs := range []string{"pk", "version", "dueAt", "workUntil", "workOwner", "accessToken"} {
		delete(r.Item, differs)
	}
	t.sample = r.Item
	return []byte("{}"), nil
}
