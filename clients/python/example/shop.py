"""A shop's service: ``python shop.py URL TOKEN COMMAND JSON``. Prints what came of it, as JSON. A token of "-" is none."""

import json
import sys

from placet_verifier import Verifier
from placet_verifier.generated.api.customers import import_customers, look_up_customer
from placet_verifier.generated.models import (
    EvaluationBody,
    EvaluationsBody,
    ImportCustomers,
    LookCustomer,
    ReportedAccess,
)


def run(verifier: Verifier, command: str, given):
    match command:
        case "decide":
            decision = verifier.decide(EvaluationBody.from_dict(given))
            if not decision:
                return {"permitted": False, "code": decision.code, "why": decision.why}
            return {"permitted": True, "evaluation": decision.evaluation_id}
        case "decide-many":
            return [one.permitted for one in verifier.decide_many(EvaluationsBody.from_dict(given))]
        case "import":
            body = ImportCustomers.from_dict({"invitations": given})
            return import_customers.sync(client=verifier.api, body=body).to_dict()
        case "look":
            return look_up_customer.sync(client=verifier.api, body=LookCustomer(customer=given)).to_dict()
        case "report":
            return verifier.report([ReportedAccess.from_dict(access) for access in given]).to_dict()
    raise ValueError(f"no command: {command}")


if __name__ == "__main__":
    url, token, command, text = sys.argv[1:]
    print(json.dumps(run(Verifier(url, None if token == "-" else token), command, json.loads(text))))
