/*
 * Asks hoptell about a connection: lookup ADDRESS PORT [SERVER-PORT]
 *
 *     cc -o lookup lookup.c -lcurl
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static const char operators[] = "http://127.0.0.1:8081";

/*
 * "direct", "tethered" or "unknown", in `out`; unknown also when hoptell does not answer. It waits
 * for an opening packet that is on its way, a tenth of a second at most. `server_port` may be NULL;
 * a NAT may lend one port to two clients at once as long as they go to different ports of the
 * server's. libcurl 7.84 or newer.
 */
static void verdict(const char *address, const char *port, const char *server_port, char out[16])
{
    char url[256];
    long status = 0;
    struct curl_header *header;
    CURL *curl = curl_easy_init();

    strcpy(out, "unknown");
    if (curl == NULL)
        return;
    snprintf(url, sizeof url, "%s/v1/auth?address=%s&port=%s%s%s&wait=100", operators, address,
             port, server_port ? "&server_port=" : "", server_port ? server_port : "");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L); /* all is in the headers */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 500L);
    if (curl_easy_perform(curl) == CURLE_OK &&
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 204 &&
        curl_easy_header(curl, "X-Hoptell-Verdict", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        snprintf(out, 16, "%s", header->value);
    curl_easy_cleanup(curl);
}

int main(int argc, char **argv)
{
    char found[16];

    if (argc != 3 && argc != 4) {
        fputs("usage: lookup ADDRESS PORT [SERVER-PORT]\n", stderr);
        return 2;
    }
    verdict(argv[1], argv[2], argv[3], found);
    puts(found);
    return 0;
}
