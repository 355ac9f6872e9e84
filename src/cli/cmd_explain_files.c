/* SPDX-License-Identifier: MIT */
/* `roost explain FILE...`: the logs of other programs. */
#include "cli/cli.h"

int
cmd_explain_files(struct cli *cli)
{
    struct err err;

    (void)err_set(&err, RC_UNSUPPORTED, 0, "%s: this log is not understood", cli->argv[0]);
    return cli_fail(cli, CLI_FAILED, &err);
}
