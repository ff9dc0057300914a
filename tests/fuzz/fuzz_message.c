/*
 * A request as it comes in: the first octet says in which pieces. What is kept of it ends where it says,
 * and a refusal has a status and a sentence.
 */
#include "serve/message.h"

#include <stdlib.h>
#include <string.h>

static bool take_body(void *context, const char *octets, size_t count)
{
    size_t *left = context;

    if (count > *left || octets == NULL)
        return false;
    *left -= count;
    return true;
}

static void check(const struct message *message)
{
    if (message->state == MESSAGE_WRONG) {
        if (message->status < 400 || message->status > 599 || message->detail == NULL)
            abort();
        return;
    }
    if (message->method == NULL)
        return;
    if (message->path[0] != '/' || message->head_octets > MESSAGE_HEAD_MAX)
        abort();
    for (size_t i = 0; i < message->header_count; i++)
        if (strlen(message->header[i].name) != message->header[i].name_length ||
            strlen(message->header[i].value) != message->header[i].value_length)
            abort();
    for (size_t i = 0; i < message->parameter_count; i++)
        if (message->parameter[i].name[message->parameter[i].name_length] != '\0')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t piece = size > 0 && data[0] > 0 ? data[0] : 1;
    char *octets = malloc(size + 1); /* as long as it is: reading on is seen */
    struct message message;
    size_t room = 512;
    size_t at = 0;

    if (octets == NULL || size == 0) {
        free(octets);
        return 0;
    }
    memcpy(octets, data + 1, size - 1);
    message_init(&message, take_body, &room);
    while (message.state != MESSAGE_WHOLE && message.state != MESSAGE_WRONG) {
        const size_t left = size - 1 - at;

        if (left == 0 && message.state != MESSAGE_HEADED)
            break;
        at += message_feed(&message, octets + at, left < piece ? left : piece);
        check(&message);
    }
    (void)message_keeps_alive(&message);
    (void)message_header(&message, "Host");
    free(octets);
    return 0;
}
