package faults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// rival lets another worker write first, so that the call's condition fails: that
// worker only raises the version of the row, or, if there is no row or the condition
// is not on its version, makes the same write as this one.
func rival(s *injection) (*http.Response, error) {
	if err := s.anticipate(); err != nil {
		return nil, fmt.Errorf("%s: the rival cannot write: %w", mark, err)
	}
	response, err := s.forward()
	if err == nil && response.StatusCode < 300 {
		return nil, fmt.Errorf("%s: the rival changed nothing", mark)
	}
	return response, err
}

func (s *injection) anticipate() error {
	var parsed tableRequest
	if err := json.Unmarshal(s.body, &parsed); err != nil {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(s.body, &all); err != nil {
		return err
	}
	kind := operation(s.request)
	versioned := slices.DeleteFunc(parsed.keys(true), func(key item) bool {
		return !slices.Contains([]string{"installation", "candidate", "refusals", "pass"}, key.rowKind())
	})
	if kind != "UpdateItem" && len(versioned) > 0 {
		// Of a transaction's rows one is enough.
		bumped, err := s.bump(versioned, tableOf(all))
		if err != nil || bumped {
			return err
		}
	}
	delete(all, "ClientRequestToken")
	rename(all)
	return s.send(kind, all)
}

// tableOf finds the name of the table that a request is about.
func tableOf(request map[string]any) string {
	if name, ok := request["TableName"].(string); ok {
		return name
	}
	for _, one := range request["TransactItems"].([]any) {
		for _, inner := range one.(map[string]any) {
			return inner.(map[string]any)["TableName"].(string)
		}
	}
	return ""
}

// rename makes another worker the owner of the leases in a request.
func rename(request map[string]any) {
	for _, place := range [][2]string{{"Item", "workOwner"}, {"ExpressionAttributeValues", ":owner"}} {
		if values, ok := request[place[0]].(map[string]any); ok && values[place[1]] != nil {
			values[place[1]] = map[string]any{"S": "rival"}
		}
	}
}

// bump raises the version of the first row that is there.
func (s *injection) bump(keys []item, table string) (bool, error) {
	for _, key := range keys {
		err := s.send("UpdateItem", map[string]any{
			"TableName": table, "Key": key,
			"UpdateExpression": "ADD #version :one", "ConditionExpression": "attribute_exists(pk)",
			"ExpressionAttributeNames":  map[string]string{"#version": "version"},
			"ExpressionAttributeValues": map[string]any{":one": map[string]string{"N": "1"}},
		})
		if err == nil {
			return true, nil
		}
		if !errors.Is(err, errCondition) {
			return false, err
		}
	}
	return false, nil
}

var errCondition = errors.New("condition failed")

// send sends a request of the rival's own.
func (s *injection) send(kind string, body any) error {
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request := withBody(s.request, content)
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810."+kind)
	response, err := s.base.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var reply bytes.Buffer
	if _, err := reply.ReadFrom(response.Body); err != nil {
		return err
	}
	switch {
	case response.StatusCode < 300:
		return nil
	case bytes.Contains(reply.Bytes(), []byte("ConditionalCheckFailed")):
		return errCondition
	default:
		return fmt.Errorf("status %d: %s", response.StatusCode, reply.Bytes())
	}
}
