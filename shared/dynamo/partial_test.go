package dynamo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
)

// DynamoDB answers in parts if the whole is large or it is busy. These functions make
// it do so for little data: they change requests on their way, which the emulator does
// not notice because it checks no signatures.

// limitPage sends a Query on with a limit.
func limitPage(r *http.Request, limit int) (*http.Response, error) {
	var request map[string]any
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	request["Limit"] = limit
	return sendOn(r, request)
}

// splitBatch sends half of the keys of a BatchGetItem on, and answers that the
// others are still to be processed.
func splitBatch(r *http.Request) (*http.Response, error) {
	var request struct {
		RequestItems map[string]map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		return nil, err
	}
	unprocessed := map[string]map[string]any{}
	for table, wanted := range request.RequestItems {
		keys := wanted["Keys"].([]any)
		now := max(len(keys)/2, 1)
		if now < len(keys) {
			unprocessed[table] = maps.Clone(wanted)
			unprocessed[table]["Keys"] = keys[now:]
		}
		wanted["Keys"] = keys[:now]
	}
	response, err := sendOn(r, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	answer["UnprocessedKeys"] = unprocessed
	body, err := json.Marshal(answer)
	return played(r, http.StatusOK, body), err
}

func sendOn(r *http.Request, request any) (*http.Response, error) {
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return http.DefaultClient.Do(r)
}
