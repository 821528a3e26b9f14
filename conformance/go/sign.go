// Signs with both AWS SDKs for Go: terms in, as a line of JSON; what they made, out.
package main

import (
	"bufio"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"os"
	"time"

	v2 "github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"
	v1 "github.com/aws/aws-sdk-go/service/cloudfront/sign"
)

type terms struct {
	Signer, URL, Resource, KeyPairId, PrivateKey, Network string
	Expires, Starts                                       int64
	Canned                                                bool
}

type made struct {
	URL     string            `json:"url,omitempty"`
	Cookies map[string]string `json:"cookies,omitempty"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked terms
		answer := made{}
		err := json.Unmarshal(lines.Bytes(), &asked)
		if err == nil {
			answer, err = signed(asked)
		}
		if err != nil {
			answer.Error = err.Error()
		}
		if err := answers.Encode(answer); err != nil {
			panic(err)
		}
	}
}

func signed(asked terms) (made, error) {
	if asked.Signer == "v1" {
		key, err := v1.LoadPEMPrivKeyFile(asked.PrivateKey)
		if err != nil {
			return made{}, err
		}
		return byVersion1(asked, key)
	}
	key, err := v2.LoadPEMPrivKeyFile(asked.PrivateKey)
	if err != nil {
		return made{}, err
	}
	return byVersion2(asked, key)
}

func byVersion1(asked terms, key *rsa.PrivateKey) (made, error) {
	expires := time.Unix(asked.Expires, 0)
	policy := v1.NewCannedPolicy(asked.Resource, expires)
	condition := &policy.Statements[0].Condition
	if asked.Starts != 0 {
		condition.DateGreaterThan = v1.NewAWSEpochTime(time.Unix(asked.Starts, 0))
	}
	if asked.Network != "" {
		condition.IPAddress = &v1.IPAddress{SourceIP: asked.Network}
	}
	signer := v1.NewURLSigner(asked.KeyPairId, key)
	url, err := signer.SignWithPolicy(asked.URL, policy)
	if asked.Canned {
		url, err = signer.Sign(asked.URL, expires)
	}
	if err != nil {
		return made{}, err
	}
	cookies, err := v1.NewCookieSigner(asked.KeyPairId, key).SignWithPolicy(policy)
	return made{URL: url, Cookies: values(cookies)}, err
}

func byVersion2(asked terms, key *rsa.PrivateKey) (made, error) {
	expires := time.Unix(asked.Expires, 0)
	policy := v2.NewCannedPolicy(asked.Resource, expires)
	condition := &policy.Statements[0].Condition
	if asked.Starts != 0 {
		condition.DateGreaterThan = v2.NewAWSEpochTime(time.Unix(asked.Starts, 0))
	}
	if asked.Network != "" {
		condition.IPAddress = &v2.IPAddress{SourceIP: asked.Network}
	}
	signer := v2.NewURLSigner(asked.KeyPairId, key)
	url, err := signer.SignWithPolicy(asked.URL, policy)
	if asked.Canned {
		url, err = signer.Sign(asked.URL, expires)
	}
	if err != nil {
		return made{}, err
	}
	cookies, err := v2.NewCookieSigner(asked.KeyPairId, key).SignWithPolicy(policy)
	return made{URL: url, Cookies: values(cookies)}, err
}

func values(cookies []*http.Cookie) map[string]string {
	values := map[string]string{}
	for _, cookie := range cookies {
		values[cookie.Name] = cookie.Value
	}
	return values
}
