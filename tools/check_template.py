"""Transforms template.yaml as SAM does, and checks what a deployment would make of it."""

import json
import logging
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402


class NoPolicies:
    """The template names no managed policies."""

    def load(self):
        return {}


def main():
    # It warns of feature toggles that only AWS has.
    logging.disable(logging.WARNING)
    with open("template.yaml", encoding="utf-8") as file:
        template = yaml_parse(file.read())
    function = template["Resources"]["Authorizer"]["Properties"]
    function["CodeUri"] = "s3://bucket/key"
    resources = transform(template, {}, NoPolicies())["Resources"]

    body = resources["Api"]["Properties"]["Body"]
    method = body["paths"]["/{proxy+}"]["x-amazon-apigateway-any-method"]
    assert method["security"] == [{"Tokens": []}], "every method of every path needs a token"
    assert list(body["paths"]) == ["/{proxy+}"], "a path without an authorizer"

    authorizer = body["components"]["securitySchemes"]["Tokens"]["x-amazon-apigateway-authorizer"]
    assert authorizer["type"] == "request"
    sources = authorizer["identitySource"].replace(" ", "").split(",")
    assert sources == ["method.request.header.Authorization", "context.identity.sourceIp"], sources
    default = template["Parameters"]["CacheSeconds"]["Default"]
    # SAM resolves parameters where it needs them, here to their defaults.
    assert authorizer["authorizerResultTtlInSeconds"] == default
    variables = resources["Authorizer"]["Properties"]["Environment"]["Variables"]
    assert variables["AUTHORIZER_CACHE_SECONDS"] in ({"Ref": "CacheSeconds"}, default)

    headers = method["x-amazon-apigateway-integration"]["requestParameters"]
    assert headers["integration.request.header.Authorization"] == "context.authorizer.authorization"
    assert headers["integration.request.header.X-Authorizer-Username"] == "context.authorizer.user_header"

    denied = body["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]
    assert denied["responseParameters"]["gatewayresponse.header.WWW-Authenticate"].startswith("'Bearer")

    policies = resources["AuthorizerRole"]["Properties"]["Policies"]
    text = json.dumps(policies)
    assert '"ssm:*"' not in text and '"Resource": "*"' not in text, "a permission that is too wide"
    assert variables["AUTHORIZER_CACHED_BY_SOURCE_IP"] == "true", "as the identity sources say"
    read, tokens = policies[0]["PolicyDocument"]["Statement"]
    assert tokens["Action"] == "ssm:GetParameter"
    assert tokens["Resource"]["Fn::Sub"].endswith(":parameter${SettingsPrefix}-tokens/*")
    assert read["Action"] == "ssm:GetParametersByPath"
    assert variables["AUTHORIZER_SETTINGS"] == {"Fn::Sub": "ssm:${SettingsPrefix}"}
    assert read["Resource"]["Fn::Sub"].endswith(":parameter${SettingsPrefix}")
    print("template.yaml: the transformed stack is as it must be")


if __name__ == "__main__":
    sys.exit(main())
