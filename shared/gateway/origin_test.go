package gateway_test

import (
	"context"
	"strings"
	"testing"

	"signpost/shared/gateway"
	"signpost/shared/secret"
)

func TestOriginKey(t *testing.T) {
	const key = marker + "0123456789abcdefghijklmnopqrstuvwxyz"
	for name, test := range map[string]struct {
		key     string
		headers map[string]string
		want    int
	}{
		"no proxy":             {"", nil, 200},
		"no proxy, a header":   {"", map[string]string{"x-origin-key": key}, 200},
		"the key":              {key, map[string]string{"x-origin-key": key}, 200},
		"in another case":      {key, map[string]string{"X-Origin-Key": key}, 200},
		"none":                 {key, map[string]string{"authorization": "Bearer " + key}, 403},
		"empty":                {key, map[string]string{"x-origin-key": ""}, 403},
		"another":              {key, map[string]string{"x-origin-key": strings.ToUpper(key)}, 403},
		"a part":               {key, map[string]string{"x-origin-key": key[1:]}, 403},
		"several, joined":      {key, map[string]string{"x-origin-key": key + "," + key}, 403},
		"the key with a blank": {key, map[string]string{"x-origin-key": key + " "}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			served := 0
			serve := func(context.Context, gateway.Request) (gateway.Response, error) {
				served++
				return gateway.Response{Status: 200}, nil
			}
			got, line := handle(t, test.headers, serve, gateway.WithOriginKey(secret.New(test.key)))
			if got.StatusCode != test.want || served != map[int]int{200: 1}[test.want] || (line["outcome"] == "forbidden") != (test.want == 403) {
				t.Errorf("%d, served %d times, logged %v", got.StatusCode, served, line)
			}
			if test.want == 403 && (got.Body != `{"message":"Forbidden"}` || got.Headers["Content-Type"] != "application/json") {
				t.Errorf("%+v", got)
			}
		})
	}
}
