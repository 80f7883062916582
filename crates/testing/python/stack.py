"""Transforms template.yaml as SAM does, creates stacks of it, and reads back what they made.

`stack.py transform` takes the template's parameters from standard input, as JSON, and prints the
transformed template. `stack.py create URL` takes a list of {"name", "parameters"}, creates each on
the moto at URL, and prints a list of what is there then.
"""

import ast
import json
import logging
import os
import sys

os.environ.update(
    AWS_DEFAULT_REGION="eu-west-1",
    AWS_ACCESS_KEY_ID="AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY="secret",
)
os.environ.pop("AWS_PROFILE", None)

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.translator.transform import transform  # noqa: E402

CODE = {"Bucket": "stack-tests", "Key": "function.zip"}


class NoPolicies:
    """The template names no managed policies."""

    def load(self):
        return {}


def transformed(parameters):
    # It warns of feature toggles that only AWS has.
    logging.disable(logging.WARNING)
    with open("template.yaml", encoding="utf-8") as file:
        template = yaml_parse(file.read())
    unknown = parameters.keys() - template["Parameters"].keys()
    assert not unknown, f"no parameters of the template: {unknown}"
    # What `sam build` and `sam deploy` put there.
    template["Resources"]["Authorizer"]["Properties"]["CodeUri"] = dict(CODE)
    return transform(template, parameters, NoPolicies())


class Stack:
    """A created stack, and what of it can be read."""

    def __init__(self, clients, name, parameters):
        self.clients, self.name = clients, name
        self.template = transformed(parameters)
        declared = self.template["Parameters"]
        # Defaults too: moto does not split those of lists.
        values = {key: str(value["Default"]) for key, value in declared.items()} | parameters
        clients.cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(self.template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
            ],
        )
        stack = clients.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        self.id = stack["StackId"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
        made = clients.cloudformation.list_stack_resources(StackName=name)
        self.ids = {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in made["StackResourceSummaries"]
            # moto lists those that were not created without names.
            if item["LogicalResourceId"]
        }
        self.prefix = values["SettingsPrefix"]

    def read(self):
        return {
            "id": self.id,
            "template": self.template,
            "outputs": self.outputs,
            "ids": self.ids,
            "api": self.api(),
            "function": self.function(),
            "settings": self.settings(),
            "logs": self.logs(),
            "alarms": self.alarms(),
            "dashboard": self.dashboard(),
            "pool": self.pool(),
            "plan": self.plan(),
        }

    def api(self):
        gateway = self.clients.apigateway
        api = {"restApiId": self.ids["Api"]}
        authorizers = gateway.get_authorizers(**api)["items"]
        names = {item["id"]: item["name"] for item in authorizers}
        resources = {}
        for resource in gateway.get_resources(**api, limit=500)["items"]:
            methods = {}
            for method in resource.get("resourceMethods", {}):
                where = {"resourceId": resource["id"], "httpMethod": method}
                found = gateway.get_method(**api, **where)
                found["authorizer"] = names.get(found.pop("authorizerId", None))
                methods[method] = found
            if methods:
                resources[resource["path"]] = methods
        return {
            **gateway.get_rest_api(**api),
            "resources": resources,
            "authorizers": {item["name"]: item for item in authorizers},
            "responses": {
                item["responseType"]: item for item in gateway.get_gateway_responses(**api)["items"]
            },
            "stages": gateway.get_stages(**api)["item"],
        }

    def function(self):
        functions, roles = self.clients.__getattr__("lambda"), self.clients.iam
        name = {"FunctionName": self.ids["Authorizer"]}
        role = {"RoleName": self.ids["AuthorizerRole"]}
        statements = []
        for policy in roles.list_role_policies(**role)["PolicyNames"]:
            document = roles.get_role_policy(**role, PolicyName=policy)["PolicyDocument"]
            # moto's CloudFormation writes it as Python does.
            statements += ast.literal_eval(document)["Statement"]
        return {
            **functions.get_function_configuration(**name),
            "alias": functions.get_alias(**name, Name="live"),
            "invokers": json.loads(functions.get_policy(**name)["Policy"])["Statement"],
            "statements": statements,
        }

    def settings(self):
        pages = self.clients.ssm.get_paginator("get_parameters_by_path")
        found = pages.paginate(Path=self.prefix, Recursive=True).search("Parameters[]")
        return {
            item["Name"].removeprefix(f"{self.prefix}/"): {
                "type": item["Type"],
                "value": json.loads(item["Value"]),
            }
            for item in found
        }

    def logs(self):
        names = [self.ids[key] for key in ("AuthorizerLogs", "ApiLogs") if key in self.ids]
        groups = self.clients.logs.describe_log_groups(logGroupNamePrefix=f"{self.name}-")
        return {
            group["logGroupName"]: group.get("retentionInDays")
            for group in groups["logGroups"]
            if group["logGroupName"] in names
        }

    def alarms(self):
        names = {
            key: value
            for key, value in self.ids.items()
            if self.template["Resources"][key]["Type"] == "AWS::CloudWatch::Alarm"
        }
        found = self.clients.cloudwatch.describe_alarms(AlarmNames=list(names.values()))
        by_name = {alarm["AlarmName"]: alarm for alarm in found["MetricAlarms"]}
        return {key: by_name[name] for key, name in names.items()}

    def dashboard(self):
        # moto takes a dashboard's ARN for what refers to it.
        name = f"{self.name}-eu-west-1"
        body = self.clients.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
        return json.loads(body)

    def pool(self):
        if "UserPool" not in self.ids:
            return None
        cognito = self.clients.__getattr__("cognito-idp")
        pool = {"UserPoolId": self.ids["UserPool"]}
        return {
            "pool": cognito.describe_user_pool(**pool)["UserPool"],
            "domain": cognito.describe_user_pool_domain(Domain=self.ids["UserPoolDomain"])[
                "DomainDescription"
            ],
            "scopes": cognito.describe_resource_server(**pool, Identifier="atlassian")[
                "ResourceServer"
            ]["Scopes"],
            "clients": {
                key: cognito.describe_user_pool_client(**pool, ClientId=self.ids[key])[
                    "UserPoolClient"
                ]
                for key in ("LoginClient", "MachineClient")
                if key in self.ids
            },
        }

    def plan(self):
        if "CallersPlan" not in self.ids:
            return None
        gateway, plan = self.clients.apigateway, {"usagePlanId": self.ids["CallersPlan"]}
        return {
            "plan": gateway.get_usage_plan(**plan),
            "keys": gateway.get_usage_plan_keys(**plan)["items"],
            "key": gateway.get_api_key(apiKey=self.ids["CallersKey"], includeValue=True),
        }


class Clients:
    """Clients of moto, made when they are needed."""

    def __init__(self, url):
        self.url = url

    def __getattr__(self, service):
        config = Config(proxies={}, retries={"total_max_attempts": 1})
        client = boto3.client(service, endpoint_url=self.url, config=config)
        setattr(self, service, client)
        return client


def create(url, stacks):
    clients = Clients(url)
    clients.s3.create_bucket(
        Bucket=CODE["Bucket"], CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    clients.s3.put_object(Bucket=CODE["Bucket"], Key=CODE["Key"], Body=b"a zip")
    return [Stack(clients, item["name"], item["parameters"]).read() for item in stacks]


def main():
    asked = json.load(sys.stdin)
    if sys.argv[1] == "transform":
        answer = transformed(asked)
    else:
        answer = create(sys.argv[2], asked)
    json.dump(answer, sys.stdout, default=str)


if __name__ == "__main__":
    main()
